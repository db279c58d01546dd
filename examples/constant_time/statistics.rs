//! Welch's t over two sorts of times, raw and without the slow ones, as dudect does.

/// One sort's times: how many, their mean, and the sum of squares of their distances from it.
#[derive(Clone, Copy, Debug, Default)]
struct Moments {
    count: f64,
    mean: f64,
    squares: f64,
}

impl Moments {
    /// Welford's step.
    fn add(&mut self, time: f64) {
        self.count += 1.0;
        let before = time - self.mean;
        self.mean += before / self.count;
        self.squares += before * (time - self.mean);
    }

    /// The variance of the mean.
    fn spread(&self) -> f64 {
        self.squares / (self.count - 1.0) / self.count
    }
}

/// Two sorts, of which only times below a limit count.
#[derive(Clone, Copy, Debug)]
struct Test {
    limit: f64,
    sorts: [Moments; 2],
}

impl Test {
    fn t(&self) -> f64 {
        let [one, other] = &self.sorts;
        if one.count < 1_000.0 || other.count < 1_000.0 {
            return 0.0;
        }
        let spread = (one.spread() + other.spread()).sqrt();
        if spread == 0.0 { 0.0 } else { (one.mean - other.mean) / spread }
    }
}

/// How many limits there are beside none.
const LIMITS: i32 = 8;

/// Times of two sorts as they come.
pub(crate) struct Times(Vec<Test>);

/// What they say.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Verdict {
    /// The t that is farthest from 0.
    pub(crate) t: f64,
    /// The mean of the first sort, and of the second.
    pub(crate) means: [f64; 2],
    /// Times in all.
    pub(crate) samples: usize,
}

impl Times {
    /// Limits are taken from the first times, of both sorts together.
    pub(crate) fn new(mut first: Vec<f64>) -> Self {
        first.sort_by(f64::total_cmp);
        // Each leaves half as many slow ones as the one before: 1/2, 3/4, and so on.
        let limit = |number: i32| {
            let share = 1.0 - 0.5_f64.powi(number);
            first.get((first.len() as f64 * share) as usize).copied().unwrap_or(f64::INFINITY)
        };
        let limits = (1..=LIMITS).map(limit).chain([f64::INFINITY]);
        Self(limits.map(|limit| Test { limit, sorts: [Moments::default(); 2] }).collect())
    }

    /// Counts a time of a sort.
    pub(crate) fn add(&mut self, second: bool, time: f64) {
        for test in &mut self.0 {
            let [one, other] = &mut test.sorts;
            if time < test.limit {
                if second { other } else { one }.add(time);
            }
        }
    }

    /// What they say so far.
    pub(crate) fn verdict(&self) -> Verdict {
        let farther = |t: f64, test: &Test| if test.t().abs() > t.abs() { test.t() } else { t };
        let all = self.0.last().map(|test| test.sorts).unwrap_or_default();
        Verdict {
            t: self.0.iter().fold(0.0, farther),
            means: all.map(|sort| sort.mean),
            samples: all.iter().map(|sort| sort.count as usize).sum(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A generator that repeats.
    fn noise(state: &mut u64) -> f64 {
        *state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (*state >> 40) as f64 / f64::from(1 << 24)
    }

    fn verdict(difference: f64) -> Verdict {
        let mut state = 7;
        // Now and then something else has the processor.
        let mut time = |second: bool| {
            let slow = if noise(&mut state) > 0.99 { 5_000.0 } else { 0.0 };
            100.0 + 10.0 * noise(&mut state) + slow + if second { difference } else { 0.0 }
        };
        let mut times = Times::new((0..1_000).map(|number| time(number % 2 == 0)).collect());
        for number in 0..100_000 {
            times.add(number % 2 == 0, time(number % 2 == 0));
        }
        times.verdict()
    }

    #[test]
    fn a_difference_of_a_tenth_of_the_noise_is_seen_and_none_is_not() {
        assert!(verdict(0.0).t.abs() < 4.5, "{:?}", verdict(0.0));
        // 2.9 is the noise's deviation.
        for difference in [0.3, -0.3] {
            let found = verdict(difference);
            assert!(found.t.abs() > 10.0 && found.t * difference < 0.0, "{found:?}");
        }
        assert_eq!(verdict(0.0).samples, 100_000);
    }

    #[test]
    fn t_is_that_of_a_textbook() {
        let mut test = Test { limit: f64::INFINITY, sorts: [Moments::default(); 2] };
        for number in 0..1_000 {
            test.sorts[0].add(f64::from(number % 5));
            test.sorts[1].add(f64::from(number % 7));
        }
        // Means 2 and 2.997, sums of squares 2,000 and 3,996.991 (by hand).
        let mean = (142.0 * 21.0 + 15.0) / 1_000.0;
        let squares = 142.0 * 91.0 + 55.0 - 1_000.0 * mean * mean;
        let spread = (2_000.0 / 999.0 / 1_000.0 + squares / 999.0 / 1_000.0_f64).sqrt();
        assert!((test.t() - (2.0 - mean) / spread).abs() < 1e-9);
    }
}
