use std::collections::{HashMap, VecDeque};

use tokio::sync::watch;

use crate::{Endpoint, Fault};

/// Request counters and faults, by endpoint.
#[derive(Debug, Default)]
pub(crate) struct Traffic {
    requests: HashMap<Endpoint, usize>,
    faults: HashMap<Endpoint, Fault>,
    faults_once: HashMap<Endpoint, VecDeque<Fault>>,
    /// Notifies hanging requests when the faults are cleared.
    cleared: watch::Sender<()>,
    /// Notifies tests that wait for a request.
    arrivals: watch::Sender<()>,
}

impl Traffic {
    /// Counts a request. Returns its fault, if any, with a receiver that is notified when the
    /// faults are cleared.
    pub(crate) fn record(&mut self, endpoint: Endpoint) -> Option<(Fault, watch::Receiver<()>)> {
        *self.requests.entry(endpoint).or_default() += 1;
        self.arrivals.send_replace(());
        let once = self.faults_once.get_mut(&endpoint);
        let fault = once
            .and_then(VecDeque::pop_front)
            .or_else(|| self.faults.get(&endpoint).cloned())?;
        Some((fault, self.cleared.subscribe()))
    }

    pub(crate) fn requests(&self, endpoint: Endpoint) -> usize {
        self.requests.get(&endpoint).copied().unwrap_or_default()
    }

    pub(crate) fn reset_requests(&mut self) {
        self.requests.clear();
    }

    /// Returns a receiver that is notified when a request arrives.
    pub(crate) fn subscribe(&self) -> watch::Receiver<()> {
        self.arrivals.subscribe()
    }

    pub(crate) fn fault(&mut self, endpoint: Endpoint, fault: Fault) {
        self.faults.insert(endpoint, fault);
    }

    pub(crate) fn fault_once(&mut self, endpoint: Endpoint, fault: Fault) {
        self.faults_once
            .entry(endpoint)
            .or_default()
            .push_back(fault);
    }

    pub(crate) fn clear_faults(&mut self) {
        self.faults.clear();
        self.faults_once.clear();
        self.cleared.send_replace(());
    }
}
