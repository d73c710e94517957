//! Can incidents be kept?

use std::path::Path;

use store::{Sqlite, StoreError};
use tempfile::Builder;

use super::check::{Check, chain};

/// Opens the store as the controller would. Where there is none yet, one is made beside its place and removed, so
/// that nothing is left behind.
pub(super) async fn check(path: &Path) -> Check {
    let check = Check::new("store", &path.display().to_string());
    if path.exists() {
        return told(check, "opens", Sqlite::open(path).await).await;
    }
    let beside = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match Builder::new().prefix(".steadyline-doctor-").tempdir_in(beside) {
        Ok(dir) => told(check, "can be created", Sqlite::open(&dir.path().join("try.db")).await).await,
        Err(error) => {
            let fix = "create the directory of `store.path`, or name one that this user may write to";
            check.bad(format!("{} cannot be written: {error}", beside.display()), fix)
        }
    }
}

async fn told(check: Check, how: &str, opened: Result<Sqlite, StoreError>) -> Check {
    match opened {
        Ok(store) => {
            let version = store.version().await;
            store.close().await;
            match version {
                Ok(version) => check.good(format!("{how}; SQLite {version}")),
                Err(error) => check.bad(chain(&error), error.hint()),
            }
        }
        // Most likely the server that runs here; whether the store works is for that server to say.
        Err(StoreError::Held) => check.unknown(
            "another process has it open",
            "ask the server that runs: its /readyz says whether the store works",
        ),
        Err(error) => check.bad(chain(&error), error.hint()),
    }
}
