//! How long from the command to the first prompt, at a round trip of 100 ms with the keeper
//! installed. Runs are interleaved, so that a busy minute hits all alike.

use abide_host::clock;
use abide_lab::{Profile, Terminal};

use super::Trouble;
use super::field::Field;
use super::report::{Report, Target};
use super::tool::Tool;
use abide_compare::Sample;

const RUNS: usize = 7;
/// How much longer than ssh it may take, ms.
const EXTRA_MAX: f64 = 150.0;

pub(crate) fn measure(report: &mut Report) -> Result<(), Trouble> {
    let field = Field::up(Profile::Wan100)?;
    let mut samples = Tool::ALL.map(|tool| (tool, Sample::default()));
    for _ in 0..RUNS {
        for (tool, sample) in &mut samples {
            let began = clock::now();
            let terminal = Terminal::start(&tool.shell(&field))?;
            field.wait_for_prompt(&terminal)?;
            sample.add(clock::now().since(began).as_secs_f64() * 1e3);
            field.leave(terminal)?;
        }
    }
    let note = |sample: &Sample| {
        let (least, most) = sample.range();
        format!("median of {RUNS}, {least:.0} to {most:.0}")
    };
    for (tool, sample) in &samples {
        report.add("open at 100 ms", tool.name(), (sample.median(), "ms"), note(sample));
    }
    let ssh = samples[0].1.median();
    for (tool, sample) in &samples[1..3] {
        let what = format!("{} - ssh", tool.name());
        let extra = (sample.median() - ssh, "ms");
        report.judge("open at 100 ms", what, extra, Target::Most(EXTRA_MAX), "");
    }
    Ok(())
}
