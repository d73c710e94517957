//! Going back, carried out: the questions of an act to the platform, its states to the store, all under one lease.
//!
//! - Every state is kept before what follows from it is done, and only under the lease that it was begun under. A
//!   controller that was away for too long is refused by the store and does nothing any more.
//! - A request that changes something goes out only while the lease is held for longer than the request may take, by a
//!   clock that does not leap.
//! - Whoever has the lease goes on with what is open; nothing of it is in memory alone.
//! - While the store does not work nothing is begun, and what was begun stands still.

mod carry;
mod platform;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use clock::Clock;
use rollback::act::{Answer, Question, Trouble};
use store::Store;

pub use carry::{BeginError, Rollbacks, Standing};
pub use platform::GenesysPlatform;

/// A request to the platform may take so long, its own retries included.
pub const REQUEST_TIME_MAX: Duration = Duration::from_secs(10);
/// How long the lease is taken for: several requests, so that one that is lost does not lose it.
pub const LEASE: Duration = Duration::from_secs(30);
/// How often a controller looks whether there is something to go on with.
pub const LOOK_EVERY: Duration = Duration::from_secs(2);
/// After a rollback there is none for so long.
pub const LOCKOUT: Duration = Duration::from_secs(15 * 60);

/// Who is asked.
#[async_trait]
pub trait Platform: Send + Sync {
    /// Asks about a flow, or to do something with it.
    ///
    /// # Errors
    /// Why there is no such answer.
    async fn ask(&self, flow: &str, question: &Question) -> Result<Answer, Trouble>;
}

/// What rollbacks are carried out with.
#[derive(Clone)]
pub struct Setup {
    /// Unique to this process and its start.
    pub holder: String,
    /// The platform.
    pub platform: Arc<dyn Platform>,
    /// Where states and the lease are kept.
    pub store: Arc<dyn Store>,
    /// The time.
    pub clock: Clock,
    /// After a rollback there is none for so long.
    pub lockout: Duration,
}
