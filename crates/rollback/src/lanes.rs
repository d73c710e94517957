//! Logarithms and exponentials of eight numbers at a time.
//!
//! A minute of a watch takes some thirty of them, and they are most of its work. Here each step is done for all eight numbers
//! before the next, without a branch, so that a processor does several at once. Only additions, multiplications and
//! divisions as IEEE 754 defines them are used, in a fixed order: the same bits come out on every machine.
//!
//! The algorithms, their constants and bounds are those of FDLIBM (Sun Microsystems, 1993; `s_log1p.c`, `e_exp.c`): the
//! argument is brought near one, or near zero, by a power of two, and a polynomial in a well-chosen variable does the rest,
//! within one unit in the last place.

/// So many at a time.
pub(crate) const LANES: usize = 8;

const LN2_HI: f64 = 0.693_147_180_369_123_8;
const LN2_LO: f64 = 1.908_214_929_270_587_7e-10;
/// Of the series of the logarithm, by the square of `f / (2 + f)`.
const LOG: [f64; 7] = [
    0.666_666_666_666_673_5,
    0.399_999_999_994_094_2,
    0.285_714_287_436_623_9,
    0.222_221_984_321_497_84,
    0.181_835_721_616_180_5,
    0.153_138_376_992_093_73,
    0.147_981_986_051_165_86,
];
/// Of the exponential, by the square of what is left.
const EXP: [f64; 5] = [
    0.166_666_666_666_666_02,
    -0.002_777_777_777_701_559_3,
    6.613_756_321_437_934e-5,
    -1.653_390_220_546_525_2e-6,
    4.138_136_797_057_238_5e-8,
];
/// The bits of the square root of a half, to which arguments are brought near.
const HALF_ROOT: u64 = 0x3FE6_A09E_667F_3BCD;
/// More than any number has powers of two below one.
const BIAS: u64 = 1_100;
/// Small whole numbers stand in its lowest bits.
const WHOLE: f64 = 4_503_599_627_370_496.0;
/// The lowest exponent of which the exponential is no subnormal number; below it is nothing.
const EXP_MIN: f64 = -708.0;
/// The highest; odds end far before it.
const EXP_MAX: f64 = 709.0;
/// Adding this rounds to a whole number, which then stands in the lowest bits.
const ROUNDING: f64 = 6_755_399_441_055_744.0;

/// `ln(1 + x)`, for `x` of at least 0 and finite.
pub(crate) fn ln_1p(x: [f64; LANES]) -> [f64; LANES] {
    let (mut f, mut power, mut lost) = ([0.0; LANES], [0.0; LANES], [0.0; LANES]);
    for at in 0..LANES {
        let sum = 1.0 + x[at];
        let bits = sum.to_bits();
        // Steps and a bias, so that they are never below zero.
        let steps = bits.wrapping_sub(HALF_ROOT).wrapping_add(BIAS << 52) >> 52;
        let near_one = f64::from_bits(bits.wrapping_sub(steps << 52).wrapping_add(BIAS << 52));
        power[at] = f64::from_bits(WHOLE.to_bits() | steps) - (WHOLE + BIAS as f64);
        // What the sum has lost of the smaller of its two parts.
        lost[at] = if 2.0 <= sum { 1.0 - (sum - x[at]) } else { x[at] - (sum - 1.0) } / sum;
        // Near one nothing need be lost.
        f[at] = if power[at] == 0.0 { x[at] } else { near_one - 1.0 };
        lost[at] = if power[at] == 0.0 { 0.0 } else { lost[at] };
    }
    let mut result = [0.0; LANES];
    for at in 0..LANES {
        let (f, half) = (f[at], 0.5 * f[at] * f[at]);
        let s = f / (2.0 + f);
        let z = s * s;
        let series =
            z * (LOG[0] + z * (LOG[1] + z * (LOG[2] + z * (LOG[3] + z * (LOG[4] + z * (LOG[5] + z * LOG[6]))))));
        let rest = s * (half + series) + (power[at] * LN2_LO + lost[at]);
        result[at] = power[at] * LN2_HI - ((half - rest) - f);
    }
    result
}

/// `e^x`; nothing below `e^-708`, and no more than `e^709`.
pub(crate) fn exp(x: [f64; LANES]) -> [f64; LANES] {
    let mut result = [0.0; LANES];
    for at in 0..LANES {
        let x = x[at];
        let held = if x < EXP_MIN { EXP_MIN } else { x };
        let held = if EXP_MAX < held { EXP_MAX } else { held };
        let rounded = held * std::f64::consts::LOG2_E + ROUNDING;
        let steps = rounded - ROUNDING;
        let (high, low) = (held - steps * LN2_HI, steps * LN2_LO);
        let left = high - low;
        let z = left * left;
        let c = left - z * (EXP[0] + z * (EXP[1] + z * (EXP[2] + z * (EXP[3] + z * EXP[4]))));
        let near_one = 1.0 + (left * c / (2.0 - c) - low + high);
        let scale = f64::from_bits(rounded.to_bits().wrapping_add(1_023) << 52);
        // All of its bits, or none of them.
        let is_something = u64::from(EXP_MIN <= x).wrapping_neg();
        result[at] = f64::from_bits((near_one * scale).to_bits() & is_something);
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many numbers lie between two, both of one sign.
    fn apart(one: f64, other: f64) -> u64 {
        one.to_bits().abs_diff(other.to_bits())
    }

    fn all(
        function: impl Fn([f64; LANES]) -> [f64; LANES],
        check: impl Fn(f64, f64),
        draw: impl Fn(&mut fastrand::Rng) -> f64,
    ) {
        let mut rng = fastrand::Rng::with_seed(1);
        for _ in 0..200_000 {
            let x: [f64; LANES] = std::array::from_fn(|_| draw(&mut rng));
            for (x, y) in x.into_iter().zip(function(x)) {
                check(x, y);
            }
        }
    }

    #[test]
    fn logarithms_are_those_of_the_library_within_a_unit() {
        let check =
            |x: f64, y: f64| assert!(apart(y, libm::log1p(x)) <= 2, "ln(1 + {x:e}) is {y:e}, not {:e}", libm::log1p(x));
        all(ln_1p, check, |rng| 10f64.powf(rng.f64() * 30.0 - 18.0));
        all(ln_1p, check, |rng| rng.f64() * 3.0);
        for x in [0.0, f64::MIN_POSITIVE, 1e-17, 0.414, 0.41421356237309515, 1.0, 2.0, 1e16, 1e300] {
            check(x, ln_1p([x; LANES])[0]);
        }
    }

    #[test]
    fn exponentials_are_those_of_the_library_within_a_unit() {
        let check = |x: f64, y: f64| {
            let expected = libm::exp(x);
            assert!(apart(y, expected) <= 2, "e^{x:e} is {y:e}, not {expected:e}");
        };
        all(exp, check, |rng| rng.f64() * 60.0 - 30.0);
        all(exp, check, |rng| rng.f64() * 1_400.0 - 700.0);
        all(exp, check, |rng| (rng.f64() - 0.5) * 1e-6);
        for x in [0.0, 1.0, -1.0, 0.34657359027997264, -0.34657359027997264] {
            check(x, exp([x; LANES])[0]);
        }
        assert_eq!(exp([-1e9, -709.0, f64::NEG_INFINITY, 0.0, 0.0, 0.0, 0.0, 0.0])[..3], [0.0; 3]);
        assert!(exp([1e9; LANES])[0].is_finite());
    }
}
