//! A meeting in which every leaf has committed a path: members come one at a time, rename themselves
//! and switch off. The host and one other stay.

use std::collections::VecDeque;

use incamera::{Input, Meeting, MemberId, Now, Output, Settings};
use incamera_bench::{Failure, Hall, nanoseconds, outputs};

use crate::Round;

/// Who only listens.
const WATCHER: usize = 1;

pub(crate) struct Warm {
    hall: Hall,
}

impl Warm {
    pub(crate) fn new(members: usize) -> Result<Self, Failure> {
        let mut hall = Hall::new(Settings::MEETING)?;
        for number in 1..members {
            let invite = hall.invite()?;
            let who = hall.knock(&invite)?;
            hall.admit_all()?;
            let now = hall.now();
            hall.seat(who)?.rename(&format!("Member {number}"), now)?;
            hall.settle();
            if who != WATCHER {
                hall.switch_off(who);
            }
        }
        hall.pass(1_000);
        let here = hall.seat(0)?.roster().len();
        if here == members { Ok(Self { hall }) } else { Err("not everybody came in".into()) }
    }

    /// Somebody comes and is removed again.
    pub(crate) fn round(&mut self) -> Result<Round, Failure> {
        let invite = self.hall.invite()?;
        let joiner = self.hall.knock(&invite)?;
        let before: Vec<_> = self.hall.seat(0)?.roster().iter().map(|one| one.member).collect();
        let add = self.timed(0, |host, now| Ok(host.admit_all(now)?))?;
        let receive = self.timed(WATCHER, |_, _| Ok(()))?;
        let join = self.up_to_the_tree(joiner)?;
        let verified = join + self.until_it_is_in(joiner)?;
        self.hall.pass(500);
        let newcomer =
            self.hall.seat(0)?.roster().into_iter().find(|one| !before.contains(&one.member));
        let newcomer: MemberId = newcomer.ok_or("nobody came in")?.member;
        if !self.hall.is_in(joiner) {
            return Err("the joiner is not in".into());
        }
        let remove = self.timed(0, |host, now| Ok(host.remove(newcomer, now)?))?;
        self.hall.switch_off(joiner);
        self.hall.pass(500);
        let left = self.hall.seat(0)?.roster().len();
        if left == before.len() {
            Ok([add, receive, join, verified, remove])
        } else {
            Err("nobody was removed".into())
        }
    }

    /// What a joiner takes in up to its tree: the time that the library took. Sixteen certificates are
    /// verified by then; the others are before anything of the group is used or shown.
    fn up_to_the_tree(&mut self, joiner: usize) -> Result<f64, Failure> {
        let (now, mut total) = (self.hall.now(), 0.0);
        let mut inputs: VecDeque<Input> = self.hall.take_inbox(joiner).into();
        while let Some(input) = inputs.pop_front() {
            let is_tree = matches!(input, Input::Blob(_));
            let meeting = self.hall.seat(joiner)?;
            let (done, time) = nanoseconds(|| {
                meeting.handle(input, now)?;
                Ok::<_, Failure>(outputs(meeting).collect::<Vec<_>>())
            });
            done?.into_iter().for_each(|output| self.hall.carry_out(joiner, output));
            total += time;
            if is_tree {
                self.hall.put_back(joiner, inputs);
                return Ok(total);
            }
            // A tree goes before what others say meanwhile.
            let more = self.hall.take_inbox(joiner);
            more.into_iter().rev().for_each(|input| inputs.push_front(input));
        }
        Err("there was no tree".into())
    }

    /// All that it does from then on until it is in.
    fn until_it_is_in(&mut self, joiner: usize) -> Result<f64, Failure> {
        let mut total = self.timed(joiner, |_, _| Ok(()))?;
        while !self.hall.is_in(joiner) {
            self.hall.wait(1);
            total += self.timed(joiner, |meeting, now| Ok(meeting.handle_timeout(now)?))?;
        }
        Ok(total)
    }

    /// What somebody does, and all that it then takes in until the server has nothing more for it: the
    /// time that the library took.
    fn timed(
        &mut self,
        who: usize,
        act: impl FnOnce(&mut Meeting, Now) -> Result<(), Failure>,
    ) -> Result<f64, Failure> {
        let now = self.hall.now();
        let meeting = self.hall.seat(who)?;
        let (done, mut total) =
            nanoseconds(|| act(meeting, now).map(|()| outputs(meeting).collect()));
        let mut said: Vec<Output> = done?;
        loop {
            said.drain(..).for_each(|output| self.hall.carry_out(who, output));
            let inputs: Vec<Input> = self.hall.take_inbox(who);
            if inputs.is_empty() {
                return Ok(total);
            }
            let meeting = self.hall.seat(who)?;
            let (done, time) = nanoseconds(|| {
                inputs.into_iter().try_for_each(|input| meeting.handle(input, now))?;
                Ok::<_, Failure>(outputs(meeting).collect())
            });
            said = done?;
            total += time;
        }
    }
}
