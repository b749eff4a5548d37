//! Signals and changes of the network, as one stream of events.

use std::io;

use abide_carrier::watch;
use abide_host::network::Monitor;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

/// Interruptions that wait; at it further ones are merged with those (they only say "look again").
const WAITING_MAX: usize = 16;

/// Something from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Interruption {
    /// The terminal has another size.
    Resized,
    /// Continued after a stop: time may have passed.
    Continued,
    /// Addresses, links or routes changed.
    Network,
    /// Told to stop, by this signal.
    Stop(i32),
}

/// Watches for all of them.
pub(crate) fn interruptions() -> io::Result<mpsc::Receiver<Interruption>> {
    let (sender, receiver) = mpsc::channel(WAITING_MAX);
    let sigcont = SignalKind::from_raw(18);
    let signals = [
        (SignalKind::window_change(), Interruption::Resized),
        (sigcont, Interruption::Continued),
        (SignalKind::terminate(), Interruption::Stop(15)),
        (SignalKind::hangup(), Interruption::Stop(1)),
        (SignalKind::interrupt(), Interruption::Stop(2)),
        (SignalKind::quit(), Interruption::Stop(3)),
    ];
    for (kind, interruption) in signals {
        let (mut signals, sender) = (signal(kind)?, sender.clone());
        tokio::spawn(async move {
            while signals.recv().await.is_some() {
                let _ = sender.try_send(interruption);
            }
        });
    }
    // Without a monitor, timers alone do its work.
    if let Ok(monitor) = Monitor::open() {
        tokio::spawn(watch_network(monitor, sender));
    }
    Ok(receiver)
}

async fn watch_network(mut monitor: Monitor, sender: mpsc::Sender<Interruption>) {
    use std::os::fd::AsFd;
    let Ok(fd) = monitor.as_fd().try_clone_to_owned().and_then(watch) else { return };
    loop {
        let Ok(mut ready) = fd.readable().await else { return };
        match monitor.drain() {
            Ok(true) => drop(sender.try_send(Interruption::Network)),
            Ok(false) => {}
            Err(_) => return,
        }
        ready.clear_ready();
    }
}
