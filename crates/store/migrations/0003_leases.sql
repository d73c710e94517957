-- Who may do something alone, and until when. A fence grows whenever the lease is taken anew and never goes back.
CREATE TABLE lease (
  name     TEXT NOT NULL PRIMARY KEY,
  holder   TEXT NOT NULL,
  fence    INTEGER NOT NULL CHECK (fence > 0),
  until_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TRIGGER lease_keeps_its_fence BEFORE UPDATE ON lease WHEN NEW.fence < OLD.fence
BEGIN
  SELECT RAISE(ABORT, 'a fence never goes back');
END;

CREATE TRIGGER lease_is_not_forgotten BEFORE DELETE ON lease
BEGIN
  SELECT RAISE(ABORT, 'a fence never goes back');
END;
