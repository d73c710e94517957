//! What others see: wire types, problem details, exit codes and event names.
//!
//! Stable and without logic. Everything here is JSON with `camelCase` keys; instants are RFC 3339
//! in UTC; an `Option` that is absent means "not known", never zero.

mod budget;
mod console;
mod deployment;
mod exit;
mod gateway;
mod incident;
mod problem;
mod review;
mod rollback;

pub use budget::{
    AlertView, AuditList, AuditView, BudgetList, BurnView, CountsView, ExhaustionView, FlowModes, FlowView, GateSlo,
    GateView, ObjectiveView, PushAnswer, PushedCounts, PushedMinute, RequestList, RequestView, SourceView, Wish,
};
pub use console::{Acknowledgement, CircuitEntry, CircuitList, IncidentList, Readiness, Snapshot};
pub use deployment::{DeploymentList, DeploymentView, DeploymentWish};
pub use exit::Exit;
pub use gateway::{CircuitPhase, CircuitView, GatewaySnapshot, Outcome, RouteView, SlotsView, UpstreamView};
pub use incident::{
    IncidentState, IncidentView, LetterState, LetterView, ReceiverView, Severity, StoreView, TimelineEntry,
};
pub use problem::Problem;
pub use review::{
    ReviewBar, ReviewCheck, ReviewExhibit, ReviewFinding, ReviewList, ReviewMark, ReviewSchedule, ReviewView,
    ReviewedPlan,
};
pub use rollback::{
    ArmedView, LastRollback, ReleaseMinute, ReleaseView, RollbackBegun, RollbackList, RollbackWish, StoryLine,
    WatchedFlow,
};
