//! The clock of this process.

use std::sync::LazyLock;
use std::time::{Duration, Instant, UNIX_EPOCH};

use incamera::Now;
use tokio::time::sleep;

static START: LazyLock<Instant> = LazyLock::new(Instant::now);

/// The time, for a [`Meeting`](incamera::Meeting) that a [`Call`](crate::Call) is to drive: of the clock
/// that all calls of this process go by.
#[must_use]
pub fn now() -> Now {
    let ms = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let unix_ms = ms(UNIX_EPOCH.elapsed().unwrap_or_default());
    Now { monotonic_ms: ms(START.elapsed()), unix_ms }
}

/// Waits until this time of [`now`]'s clock; for ever if there is none.
pub(super) async fn until(at_ms: Option<u64>) {
    match at_ms {
        Some(at_ms) => {
            sleep(Duration::from_millis(at_ms.saturating_sub(now().monotonic_ms))).await;
        }
        None => core::future::pending().await,
    }
}
