//! What the parts of a running twin share: the world behind a lock, the clock, the way out.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use base::{Mono, Now};
use clock::Clock;
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinSet;

use crate::driver;
use crate::face::Frame;
use crate::world::{Fault, FaultKind, FaultTarget, Loaded, Saved, StateError, Totals, World};

#[derive(Debug)]
pub(crate) struct Shared {
    world: Mutex<World>,
    /// How fast time goes, and what the machine's time is; the organisation's own is told by [`Shared::now`].
    pub(crate) clock: Clock,
    /// How far the organisation's monotonic time is ahead of the clock's, in nanoseconds: one that comes from a file may
    /// be older than this process. It only grows, so that no time that was taken before is later than one taken after.
    ahead: AtomicU64,
    /// Held by whoever puts another organisation in place of the one that is here.
    replacing: Mutex<()>,
    pub(crate) http: reqwest::Client,
    /// The totals after every change.
    totals: watch::Sender<Totals>,
    /// Rings when something may be due earlier than it was.
    pub(crate) changed: Notify,
    /// Questions under way, at most one for each caller; aborted at shutdown.
    tasks: Mutex<JoinSet<()>>,
    /// Where notifications go, by channel, each with the number of its connection.
    sockets: Mutex<BTreeMap<String, (u64, mpsc::Sender<Frame>)>>,
    /// Organisations that numbers may lead to.
    peers: Mutex<Vec<Weak<Shared>>>,
}

impl Shared {
    pub(crate) fn new(world: World, clock: Clock, http: reqwest::Client) -> Arc<Self> {
        Arc::new(Self {
            world: Mutex::new(world),
            clock,
            ahead: AtomicU64::new(0),
            replacing: Mutex::default(),
            http,
            totals: watch::Sender::new(Totals::default()),
            changed: Notify::new(),
            tasks: Mutex::new(JoinSet::new()),
            sockets: Mutex::default(),
            peers: Mutex::default(),
        })
    }

    /// The world, for a moment: the lock is never held while waiting for anything.
    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The world, unless another one has come in place of the one that was asked about.
    pub(crate) fn world_of(&self, generation: u64) -> Option<MutexGuard<'_, World>> {
        Some(self.world()).filter(|world| world.generation == generation)
    }

    /// The present moment of the organisation.
    pub(crate) fn now(&self) -> Now {
        let Now { mono, wall } = self.clock.now();
        Now { mono: mono + self.ahead(), wall }
    }

    /// The monotonic half of its present moment.
    pub(crate) fn mono(&self) -> Mono {
        self.clock.mono() + self.ahead()
    }

    /// Waits until `at` in the organisation's own time.
    pub(crate) async fn sleep_until(&self, at: Mono) {
        self.clock.sleep(at.since(self.mono())).await;
    }

    fn ahead(&self) -> Duration {
        Duration::from_nanos(self.ahead.load(Ordering::SeqCst))
    }

    /// The organisation as it is now.
    pub(crate) fn save(&self) -> Saved {
        let world = self.world();
        world.save(self.now())
    }

    /// Puts an organisation from a file in place of the one that is here. Sockets must be connected anew; what its callers
    /// ask of real systems is asked again.
    ///
    /// # Errors
    /// When the file says something that cannot be; then nothing has changed.
    pub(crate) fn replace(self: &Arc<Self>, saved: Saved) -> Result<(), StateError> {
        let _one_at_a_time = self.replacing.lock().unwrap_or_else(PoisonError::into_inner);
        let Now { mono, wall } = self.now();
        let missing = saved.age().saturating_sub(mono.since_start());
        let generation = self.world().generation + 1;
        let Loaded { world, questions } = World::load(saved, generation, Now { mono: mono + missing, wall })?;
        let (former, asked) = {
            let mut here = self.world();
            self.ahead.fetch_add(u64::try_from(missing.as_nanos()).unwrap_or(u64::MAX), Ordering::SeqCst);
            // Both at once: whatever asks for a caller of the new organisation must not end with the former's questions.
            let asked = std::mem::take(&mut *self.tasks.lock().unwrap_or_else(PoisonError::into_inner));
            (std::mem::replace(&mut *here, world), asked)
        };
        drop((former, asked));
        self.drop_sockets();
        driver::carry_out(self, questions);
        self.settle();
        self.publish_totals();
        Ok(())
    }

    /// Tells everyone who watches what the totals are now.
    pub(crate) fn publish_totals(&self) {
        let world = self.world();
        // Under the lock, so that what was counted earlier is never told later.
        self.totals.send_replace(world.totals());
    }

    pub(crate) fn watch_totals(&self) -> watch::Receiver<Totals> {
        self.totals.subscribe()
    }

    /// After a change: wakes whoever waits for what is due, and carries outside what is to be told.
    pub(crate) fn settle(&self) {
        self.changed.notify_one();
        let (frames, hang_up, lag, moved, redirected) = {
            let mut world = self.world();
            let (moved, redirected) = world.take_leaving();
            (world.channels.take(), std::mem::take(&mut world.hang_up), world.replication_lag(), moved, redirected)
        };
        let mut sockets = self.sockets.lock().unwrap_or_else(PoisonError::into_inner);
        for (channel, frame) in frames {
            if let Some((_, socket)) = sockets.get(&channel) {
                // A socket that does not keep up loses notifications, as on the platform.
                let _ = socket.try_send(Frame::Text(frame));
            }
        }
        for channel in hang_up {
            sockets.remove(&channel);
        }
        drop(sockets);
        if moved.is_empty() && redirected.is_empty() {
            return;
        }
        for peer in self.peers() {
            for number in &moved {
                peer.world().hear_of_number(number.clone(), lag, peer.now());
                peer.changed.notify_one();
            }
            for number in &redirected {
                peer.take_over(number);
            }
        }
    }

    /// Takes a caller at a number that leads here, if it does.
    fn take_over(self: &Arc<Self>, number: &str) {
        let questions = {
            let mut world = self.world();
            if !world.answers(number) {
                return;
            }
            world.take_over(number, self.now())
        };
        driver::carry_out(self, questions);
        self.changed.notify_one();
        self.publish_totals();
    }

    fn peers(&self) -> Vec<Arc<Self>> {
        self.peers.lock().unwrap_or_else(PoisonError::into_inner).iter().filter_map(Weak::upgrade).collect()
    }

    /// Links two organisations: the numbers of each may lead to the other.
    pub(crate) fn link(self: &Arc<Self>, other: &Arc<Self>) {
        for (one, other) in [(self, other), (other, self)] {
            let theirs = other.world().as_linked();
            one.world().accept_link(&theirs);
        }
        self.join(other);
    }

    /// Lets two organisations that know of each other tell each other what happens.
    pub(crate) fn join(self: &Arc<Self>, other: &Arc<Self>) {
        for (one, other) in [(self, other), (other, self)] {
            one.peers.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::downgrade(other));
        }
    }

    /// Breaks something for a while; false when too many things are broken already.
    pub(crate) fn inject(&self, fault: Fault) -> bool {
        let is_injected = self.world().faults.inject(fault, self.mono());
        let ends_sockets = matches!(fault.target, FaultTarget::Sockets | FaultTarget::Region);
        if is_injected && ends_sockets && matches!(fault.kind, FaultKind::Failure(_) | FaultKind::Reset) {
            self.drop_sockets();
        }
        is_injected
    }

    /// A channel has a socket; the number of the connection.
    pub(crate) fn connect(&self, channel: &str, socket: mpsc::Sender<Frame>) -> u64 {
        let mut sockets = self.sockets.lock().unwrap_or_else(PoisonError::into_inner);
        let number = sockets.get(channel).map_or(0, |(number, _)| number + 1);
        sockets.insert(channel.to_owned(), (number, socket));
        drop(sockets);
        self.mark(channel, true);
        number
    }

    /// A socket has ended; it may have been replaced already.
    pub(crate) fn disconnect(&self, channel: &str, number: u64) {
        let mut sockets = self.sockets.lock().unwrap_or_else(PoisonError::into_inner);
        if sockets.get(channel).is_some_and(|(known, _)| *known == number) {
            sockets.remove(channel);
        }
        let is_connected = sockets.contains_key(channel);
        drop(sockets);
        self.mark(channel, is_connected);
    }

    fn mark(&self, channel: &str, is_connected: bool) {
        let now = self.now();
        if let Some(channel) = self.world().channels.get_mut(channel, now) {
            channel.is_connected = is_connected;
        }
    }

    /// Ends every socket without a word.
    pub(crate) fn drop_sockets(&self) {
        self.sockets.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Tells every socket that it will be closed.
    pub(crate) fn announce_closing(&self) {
        for (_, socket) in self.sockets.lock().unwrap_or_else(PoisonError::into_inner).values() {
            let _ = socket.try_send(Frame::Closing);
        }
    }

    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        while tasks.try_join_next().is_some() {}
        tasks.spawn(task);
    }

    pub(crate) fn abort_tasks(&self) {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner).abort_all();
    }
}
