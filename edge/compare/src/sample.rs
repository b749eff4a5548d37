//! Order statistics of measured values. Nothing is thrown away as an outlier.

/// Values in any order, kept sorted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sample(Vec<f64>);

impl Sample {
    /// Takes one more value.
    pub fn add(&mut self, value: f64) {
        let at = self.0.partition_point(|known| *known < value);
        self.0.insert(at, value);
    }

    /// Takes all values of another.
    pub fn join(&mut self, other: &Sample) {
        self.0.extend(&other.0);
        self.0.sort_by(f64::total_cmp);
    }

    /// All values, smallest first.
    pub fn values(&self) -> &[f64] {
        &self.0
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// The value below which this share of all lies (nearest rank); 0 of none.
    pub fn quantile(&self, share: f64) -> f64 {
        let rank = (share * self.0.len() as f64).ceil() as usize;
        self.0.get(rank.saturating_sub(1)).copied().unwrap_or(0.0)
    }

    /// The value in the middle.
    pub fn median(&self) -> f64 {
        self.quantile(0.5)
    }

    /// The arithmetic mean; 0 of none.
    pub fn mean(&self) -> f64 {
        if self.0.is_empty() { 0.0 } else { self.0.iter().sum::<f64>() / self.0.len() as f64 }
    }

    /// Which share lies below a value; 0 of none.
    pub fn share_below(&self, value: f64) -> f64 {
        let below = self.0.partition_point(|known| *known < value);
        if self.0.is_empty() { 0.0 } else { below as f64 / self.0.len() as f64 }
    }

    /// Smallest and largest; 0 of none.
    pub fn range(&self) -> (f64, f64) {
        let least = self.0.first().copied().unwrap_or(0.0);
        (least, self.0.last().copied().unwrap_or(0.0))
    }
}

impl FromIterator<f64> for Sample {
    fn from_iter<T: IntoIterator<Item = f64>>(values: T) -> Self {
        let mut sample = Sample(values.into_iter().collect());
        sample.0.sort_by(f64::total_cmp);
        sample
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_of_the_sorted_values() {
        let sample: Sample = [5.0, 1.0, 4.0, 2.0, 3.0].into_iter().collect();
        assert_eq!((sample.median(), sample.mean()), (3.0, 3.0));
        assert_eq!((sample.quantile(0.9), sample.quantile(0.2)), (5.0, 1.0));
        assert_eq!(sample.range(), (1.0, 5.0));
        assert_eq!(sample.share_below(3.0), 0.4);
        assert_eq!(Sample::default().median(), 0.0);
    }

    #[test]
    fn joined_samples_stay_sorted() {
        let mut one: Sample = [3.0, 1.0].into_iter().collect();
        one.join(&[2.0].into_iter().collect());
        one.add(0.5);
        assert_eq!(one.values(), [0.5, 1.0, 2.0, 3.0]);
    }
}
