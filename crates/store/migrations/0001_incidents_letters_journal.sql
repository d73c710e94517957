-- Instants are whole milliseconds since 1970, UTC. Columns named detail, body, event and effects hold
-- JSON of the engine; the store keeps them as they are.

CREATE TABLE incident (
  id              TEXT NOT NULL PRIMARY KEY,
  key             TEXT NOT NULL,
  dedup_key       TEXT NOT NULL,
  title           TEXT NOT NULL,
  severity        TEXT NOT NULL CHECK (severity IN ('critical', 'error', 'warning', 'info')),
  state           TEXT NOT NULL CHECK (state IN ('open', 'acknowledged', 'resolved')),
  opened_ms       INTEGER NOT NULL,
  resolved_ms     INTEGER,
  acknowledged_by TEXT,
  detail          TEXT NOT NULL CHECK (json_valid(detail)),
  CHECK ((state = 'resolved') = (resolved_ms IS NOT NULL))
) STRICT;

-- The rule that two pages for one outage would break, kept where no code can forget it.
CREATE UNIQUE INDEX incident_one_live_per_key ON incident (key) WHERE state <> 'resolved';

CREATE TABLE timeline (
  incident_id TEXT NOT NULL REFERENCES incident (id),
  n           INTEGER NOT NULL,
  at_ms       INTEGER NOT NULL,
  what        TEXT NOT NULL,
  PRIMARY KEY (incident_id, n)
) STRICT, WITHOUT ROWID;

CREATE TABLE letter (
  id           TEXT NOT NULL PRIMARY KEY,
  seq          INTEGER NOT NULL UNIQUE,
  incident_id  TEXT NOT NULL REFERENCES incident (id),
  receiver     TEXT NOT NULL,
  action       TEXT NOT NULL CHECK (action IN ('trigger', 'acknowledge', 'resolve')),
  dedup_key    TEXT NOT NULL,
  body         TEXT NOT NULL CHECK (json_valid(body)),
  state        TEXT NOT NULL CHECK (state IN ('pending', 'delivered', 'failed')),
  attempts     INTEGER NOT NULL CHECK (attempts >= 0),
  created_ms   INTEGER NOT NULL,
  due_ms       INTEGER NOT NULL,
  delivered_ms INTEGER,
  last_error   TEXT,
  CHECK ((state = 'delivered') = (delivered_ms IS NOT NULL))
) STRICT;

CREATE INDEX letter_of_incident ON letter (incident_id, seq);
CREATE INDEX letter_pending ON letter (receiver, seq) WHERE state = 'pending';

CREATE TABLE journal (
  seq     INTEGER NOT NULL PRIMARY KEY,
  at_ms   INTEGER NOT NULL,
  version INTEGER NOT NULL,
  event   TEXT NOT NULL CHECK (json_valid(event)),
  effects TEXT NOT NULL CHECK (json_valid(effects))
) STRICT;

CREATE TRIGGER journal_keeps_its_entries BEFORE UPDATE ON journal
BEGIN
  SELECT RAISE(ABORT, 'the journal is append only');
END;

CREATE TRIGGER journal_drops_no_entry BEFORE DELETE ON journal
BEGIN
  SELECT RAISE(ABORT, 'the journal is append only');
END;

-- One row that a check overwrites: a write that proves that writing works.
CREATE TABLE pulse (
  id    INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
  at_ms INTEGER NOT NULL
) STRICT;
