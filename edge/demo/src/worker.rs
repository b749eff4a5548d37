//! A thread with a small runtime of its own, so that the relay and the server go on working while
//! their owner is busy or blocked. Not a pool: one job, ended by dropping the handle.

use std::future::Future;
use std::io;
use std::thread::JoinHandle;

use tokio::sync::oneshot;

/// Resolves when the owner has dropped its [`Worker`]; the job must then return soon.
pub(crate) type Stop = oneshot::Receiver<()>;

/// The running job. Dropping it tells the job to stop and waits for its end.
#[derive(Debug)]
pub(crate) struct Worker {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Worker {
    /// Runs `job` on a new thread called `name`.
    pub(crate) fn start<F, Job>(name: &str, job: F) -> io::Result<Self>
    where
        F: FnOnce(Stop) -> Job + Send + 'static,
        Job: Future<Output = ()>,
    {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (stop, stopped) = oneshot::channel();
        let body = move || runtime.block_on(job(stopped));
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn(body)?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A job that panicked has already said so; there is nothing left to stop.
            let _ = thread.join();
        }
    }
}
