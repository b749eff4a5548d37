//! Predictions of `abide-timeouts` beside the real sshd and ssh of this machine, in the lab: many pairs
//! at once, one cut of the line for all, and when each side really gives up.
//!
//! `docs/predictions.md` holds the table. With `ABIDE_WRITE_PREDICTIONS=1` it is written anew; without,
//! its predictions must be those of today's model.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

mod case;
mod cut;
mod pair;
mod table;

use std::fs;
use std::path::{Path, PathBuf};

use abide_lab::{Lab, Profile};
use case::{ALL, Case, Kernel};
use table::Row;

/// Retransmissions of the client's kernel in the lab of [`Kernel::Impatient`].
const CLIENT_RETRIES: u32 = 3;
/// And of the server's.
const SERVER_RETRIES: u32 = 4;

#[test]
fn predictions_are_what_happens() {
    let (stock, impatient) = std::thread::scope(|scope| {
        let stock = scope.spawn(|| measure(Kernel::Stock));
        let impatient = scope.spawn(|| measure(Kernel::Impatient));
        (stock.join().unwrap(), impatient.join().unwrap())
    });
    let rows: Vec<Row> = stock.into_iter().chain(impatient).collect();
    rows.iter().for_each(|row| eprintln!("{}", row.line()));
    let wrong: Vec<&Row> = rows.iter().filter(|row| !row.holds()).collect();
    for row in &wrong {
        eprintln!("WRONG: {}", row.line());
    }
    assert!(wrong.is_empty(), "{} of {} predictions do not hold", wrong.len(), rows.len());
    assert!(rows.iter().filter(|row| row.is_timed()).count() >= 12);
    check_page(&rows);
}

/// Brings up a lab and measures the cases that want its kernel.
fn measure(kernel: Kernel) -> Vec<Row> {
    let cases: Vec<&Case> = ALL.iter().filter(|case| case.kernel == kernel).collect();
    let lab = Lab::up(Profile::Lan).unwrap_or_else(|error| panic!("{error}"));
    if kernel == Kernel::Impatient {
        for (namespace, retries) in [(lab.client(), CLIENT_RETRIES), (lab.server(), SERVER_RETRIES)]
        {
            let path = "/proc/sys/net/ipv4/tcp_retries2";
            namespace.enter(|| fs::write(path, retries.to_string())).unwrap().unwrap();
        }
        // The model's retransmission timer is that of a round trip of 20 ms. On a shorter one the
        // kernel's limit falls just behind a retransmission, and the verdict waits for the next.
        lab.obey("set delay 10ms").unwrap();
    }
    cut::run(&lab, &cases)
}

/// Writes the page, or sees that it still tells the same predictions.
fn check_page(rows: &[Row]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/predictions.md");
    if std::env::var_os("ABIDE_WRITE_PREDICTIONS").is_some_and(|it| it == "1") {
        fs::write(&path, table::page(rows)).unwrap();
    }
    let page = fs::read_to_string(&path).unwrap();
    for row in rows {
        let stale = "is not in docs/predictions.md; write it anew with ABIDE_WRITE_PREDICTIONS=1";
        assert!(page.contains(&row.head()), "{} {stale}", row.head());
    }
}

/// A program of OpenSSH's server, which PATH of ordinary users lacks.
fn sshd() -> PathBuf {
    let places = ["/usr/sbin/sshd", "/usr/local/sbin/sshd", "/usr/bin/sshd"].map(PathBuf::from);
    let found = places.into_iter().find(|place| place.is_file());
    found.unwrap_or_else(|| panic!("there is no sshd here: apt-get install openssh-server"))
}
