//! Tones: the beep, and for tests what makes one and how much of a sound it is.

use std::f64::consts::TAU;

/// The beep before a recording: 1 kHz for 0.3 s, its edges soft so that it does not click.
pub(crate) fn beep(rate: u32) -> Vec<i16> {
    let (count, edge) = (f64::from(rate) * 0.3, f64::from(rate) * 0.02);
    let sample = |at: u32| {
        let at = f64::from(at);
        let edge = (at.min(count - at) / edge).min(1.0);
        (9000.0 * edge * (TAU * 1000.0 * at / f64::from(rate)).sin()) as i16
    };
    (0..count as u32).map(sample).collect()
}

#[cfg(test)]
pub(crate) use for_tests::*;

#[cfg(test)]
mod for_tests {
    use super::*;

    /// So many milliseconds of a tone at a third of full scale.
    pub(crate) fn sine(hertz: u32, rate: u32, millis: u32) -> Vec<i16> {
        let turn = TAU * f64::from(hertz) / f64::from(rate);
        (0..rate * millis / 1000).map(|at| (10_000.0 * (turn * f64::from(at)).sin()) as i16).collect()
    }

    /// How much of a sound's energy a frequency has (Goertzel): near 1 for that pure tone.
    pub(crate) fn share(samples: &[i16], hertz: u32, rate: u32) -> f64 {
        let turn = TAU * f64::from(hertz) / f64::from(rate);
        let (mut one, mut two, mut energy) = (0.0, 0.0, f64::MIN_POSITIVE);
        for sample in samples.iter().map(|sample| f64::from(*sample)) {
            (one, two) = (sample + 2.0 * turn.cos() * one - two, one);
            energy += sample * sample;
        }
        let power = one * one + two * two - 2.0 * turn.cos() * one * two;
        2.0 * power / (energy * samples.len() as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beep_is_1_khz_for_0_3_s_with_soft_edges() {
        for rate in [8000, 16_000] {
            let beep = beep(rate);
            assert_eq!(beep.len(), rate as usize * 3 / 10);
            assert!(share(&beep, 1000, rate) > 0.85);
            assert!(beep[..8].iter().chain(&beep[beep.len() - 8..]).all(|sample| sample.abs() < 1000));
        }
    }
}
