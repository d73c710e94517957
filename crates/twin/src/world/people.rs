//! Who calls: a town of a few hundred customers, some of them important.

use base::Ppm;
use fastrand::Rng;

/// What a customer's account is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tier {
    /// First in line.
    Platinum,
    /// In the VIP queue.
    Gold,
    /// Everyone else.
    Standard,
}

/// Customers with the same last digit. Callers come back, so that a cache has something to hit.
const CUSTOMERS_PER_DIGIT: u32 = 50;

impl Tier {
    /// The word that the CRM answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Platinum => "platinum",
            Self::Gold => "gold",
            Self::Standard => "standard",
        }
    }
}

/// The tier of the customer with this number: a last digit of 9 is platinum, 7 and 8 are gold.
///
/// ```
/// assert_eq!(twin::tier_of("+13175550019"), twin::Tier::Platinum);
/// assert_eq!(twin::tier_of("+13175550011"), twin::Tier::Standard);
/// ```
pub fn tier_of(ani: &str) -> Tier {
    match ani.bytes().rfind(u8::is_ascii_digit) {
        Some(b'9') => Tier::Platinum,
        Some(b'7' | b'8') => Tier::Gold,
        _ => Tier::Standard,
    }
}

/// The number of the next caller, important with a chance of `vip_share`.
pub(super) fn ani(rng: &mut Rng, vip_share: Ppm) -> String {
    let is_vip = rng.u32(0..1_000_000) < vip_share.get();
    let digit = if is_vip { rng.u32(7..=9) } else { rng.u32(0..=6) };
    format!("+1317555{:03}{digit}", rng.u32(0..CUSTOMERS_PER_DIGIT))
}
