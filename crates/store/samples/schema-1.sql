-- A store as the first released schema wrote it: one live incident, one pending letter.

CREATE TABLE _sqlx_migrations (
    version BIGINT PRIMARY KEY,
    description TEXT NOT NULL,
    installed_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
    success BOOLEAN NOT NULL,
    checksum BLOB NOT NULL,
    execution_time BIGINT NOT NULL
);
INSERT INTO _sqlx_migrations VALUES
  (1, 'incidents, letters, journal', '2026-06-01 00:00:00', TRUE, x'a704f0fd8735173e0e96b51b912a5ae286ff34a788a1709b058ef3b3f396641b2403c7061b48a16dd23ebd22925df5dd', 1);

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
