//! Order statistics of a few measured values. Nothing is thrown away as an outlier.

/// Values in any order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sample(Vec<f64>);

impl Sample {
    pub(crate) fn add(&mut self, value: f64) {
        let at = self.0.partition_point(|known| *known < value);
        self.0.insert(at, value);
    }

    /// The value below which this share of all values lies (nearest rank); 0 of none.
    pub(crate) fn quantile(&self, share: f64) -> f64 {
        let rank = (share * self.0.len() as f64).ceil() as usize;
        self.0.get(rank.saturating_sub(1)).copied().unwrap_or(0.0)
    }

    pub(crate) fn median(&self) -> f64 {
        self.quantile(0.5)
    }

    /// Smallest and largest.
    pub(crate) fn range(&self) -> (f64, f64) {
        let least = self.0.first().copied().unwrap_or(0.0);
        (least, self.0.last().copied().unwrap_or(0.0))
    }
}

#[test]
fn quantiles_are_of_the_sorted_values() {
    let mut sample = Sample::default();
    for value in [5.0, 1.0, 4.0, 2.0, 3.0] {
        sample.add(value);
    }
    assert_eq!(sample.median(), 3.0);
    assert_eq!(sample.quantile(0.9), 5.0);
    assert_eq!(sample.quantile(0.2), 1.0);
    assert_eq!(sample.range(), (1.0, 5.0));
    assert_eq!(Sample::default().median(), 0.0);
}
