-- A store as the second schema wrote it: an incident with a letter, a document, an audit entry, counted minutes.

CREATE TABLE _sqlx_migrations (
    version BIGINT PRIMARY KEY,
    description TEXT NOT NULL,
    installed_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
    success BOOLEAN NOT NULL,
    checksum BLOB NOT NULL,
    execution_time BIGINT NOT NULL
);
INSERT INTO _sqlx_migrations VALUES
  (1, 'incidents, letters, journal', '2026-06-01 00:00:00', TRUE, x'a704f0fd8735173e0e96b51b912a5ae286ff34a788a1709b058ef3b3f396641b2403c7061b48a16dd23ebd22925df5dd', 1),
  (2, 'documents, audit, counts', '2026-11-01 00:00:00', TRUE, x'f65fb834e57466cc702720c9ba46ee368c524ed2507065db7adcbb5c021543f326b66cdad92a84d232dc5bb5d94cca7b', 1);

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

CREATE TABLE pulse (
  id    INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
  at_ms INTEGER NOT NULL
) STRICT;

INSERT INTO incident VALUES
  ('20260601-000001-000001', 'circuit/crm', 'sdl:acme:circuit/crm:1780272001007', 'Circuit crm is open: 5 failures in a row',
   'error', 'open', 1780272001007, NULL, NULL, '{"version":1}');
INSERT INTO timeline VALUES ('20260601-000001-000001', 1, 1780272001007, 'opened');
INSERT INTO letter VALUES
  ('20260601-000001-000001.trigger.pagerduty', 1, '20260601-000001-000001', 'pagerduty', 'trigger',
   'sdl:acme:circuit/crm:1780272001007', '{"version":1}', 'pending', 0, 1780272001007, 1780272001007, NULL, NULL);
INSERT INTO journal VALUES (1, 1780272001007, 1, '{"kind":"x"}', '[]');

-- Documents of the engine by kind and id; the latest form of each. Bodies are JSON of the engine.
CREATE TABLE document (
  kind  TEXT NOT NULL,
  id    TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  body  TEXT NOT NULL CHECK (json_valid(body)),
  PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;

-- Who did what. Only grows; an entry that comes twice is kept once.
CREATE TABLE audit (
  seq   INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  id    TEXT NOT NULL UNIQUE,
  at_ms INTEGER NOT NULL,
  who   TEXT NOT NULL,
  what  TEXT NOT NULL,
  body  TEXT NOT NULL CHECK (json_valid(body))
) STRICT;

CREATE TRIGGER audit_keeps_its_entries BEFORE UPDATE ON audit
BEGIN
  SELECT RAISE(ABORT, 'the audit is append only');
END;

CREATE TRIGGER audit_drops_no_entry BEFORE DELETE ON audit
BEGIN
  SELECT RAISE(ABORT, 'the audit is append only');
END;

-- Minutes that were counted lately, in the order in which they came, until they are folded into blocks.
CREATE TABLE counted (
  seq  INTEGER NOT NULL PRIMARY KEY,
  body TEXT NOT NULL CHECK (json_valid(body))
) STRICT;

-- Blocks of minutes of one objective.
CREATE TABLE counted_block (
  objective TEXT NOT NULL,
  block     INTEGER NOT NULL,
  body      BLOB NOT NULL,
  PRIMARY KEY (objective, block)
) STRICT, WITHOUT ROWID;

INSERT INTO document VALUES ('ladder', 'main', 1780000000007, '{"version":1}');
INSERT INTO audit (id, at_ms, who, what, body) VALUES ('r1.ask', 1780000000007, 'ann', 'ask', '{}');
INSERT INTO counted VALUES (3, '{"version":1}');
INSERT INTO counted_block VALUES ('crm', 115234, x'01');
