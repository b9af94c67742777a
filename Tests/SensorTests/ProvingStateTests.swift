import Events
import Probes
import Testing

@testable import Sensor

@Suite("The continuous proof of the hooks")
struct ProvingStateTests {
    private let start: Int64 = 5_000_000_000_000

    private func answered(at time: Int64, attempts: Int = 1) -> ProvingState {
        var state = ProvingState()
        for _ in 0..<attempts {
            state.ask(at: time)
            state.noteAnswer(at: time, hasV6: true)
        }
        return state
    }

    @Test("begins at once")
    func beginning() {
        let state = ProvingState()
        #expect(state.phase == .resting(0))
        #expect(state.asksAgain)
        #expect(state.silences == 0 && state.told.isEmpty && state.candidates.isEmpty)
    }

    @Test("remembers when the canary was asked, when it answered, and whether it has IPv6")
    func answer() {
        var state = ProvingState()
        state.ask(at: start)
        #expect(state.phase == .asked(start))
        state.noteAnswer(at: start + 7, hasV6: false)
        #expect(state.phase == .answered(start + 7, hasV6: false))
    }

    @Test("waits for what may still come after an answer, and no longer")
    func patience() {
        let state = answered(at: start)
        #expect(!state.isOver(at: start))
        #expect(!state.isOver(at: start + ProvingState.patience - 1))
        #expect(state.isOver(at: start + ProvingState.patience))
    }

    @Test("is over only in a round that was answered")
    func overWithoutAnswer() {
        var state = ProvingState()
        #expect(!state.isOver(at: .max))
        state.ask(at: start)
        #expect(!state.isOver(at: .max))
        state.end()
        #expect(!state.isOver(at: .max))
    }

    @Test("asks once more before it believes in silence")
    func attempts() {
        #expect(answered(at: start).asksAgain)
        #expect(!answered(at: start, attempts: ProvingState.attempts).asksAgain)
    }

    @Test("rests for the interval, and then has all attempts again")
    func rest() {
        var state = answered(at: start, attempts: ProvingState.attempts)
        state.rest(from: start)
        #expect(state.phase == .resting(start + ProvingState.interval))
        #expect(state.asksAgain)
    }

    @Test("proves at once what has just been attached, with all attempts")
    func hurry() {
        var state = answered(at: start, attempts: ProvingState.attempts)
        state.hurry(from: start)
        #expect(state.phase == .resting(start))
        #expect(state.asksAgain)
    }

    @Test("keeps what was told and counted over rounds")
    func memory() {
        var state = ProvingState()
        state.told.insert(.connect4)
        state.silences = 3
        state.turn = 2
        state.rest(from: start)
        state.ask(at: start)
        state.hurry(from: start)
        #expect(state.told == [.connect4] && state.silences == 3 && state.turn == 2)
    }

    @Test("stays at its end")
    func end() {
        var state = answered(at: start)
        state.end()
        #expect(state.phase == .ended)
    }

    /// Ticks come once a second. The worst case: silent right after a proof.
    @Test("finds a hook silent within a minute, also where every answer takes as long as it may")
    func bound() {
        let tick: Int64 = 1_000_000_000
        var round = ProvingState.answerPatience + tick + ProvingState.patience + tick
        round *= Int64(ProvingState.attempts)
        #expect(ProvingState.interval + tick + round < 60 * tick)
    }
}
