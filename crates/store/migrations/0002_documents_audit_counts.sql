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
