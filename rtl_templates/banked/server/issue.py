"""The control half of a server: which node is next, when it is issued, and which beat enters the lanes."""


from amaranth import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import bits_for, ceil_log2

from ...cells.add_memory import add_memory
from ...shell.signatures import LoadBus, LoadPort
from ..formats import ROW_BITS, Target
from ..requantize import beat_layout
from ..signatures import param_layout, task_layout
from .timing import server_q2_delay

__all__ = ["Issue", "entry_layout"]


def entry_layout(*, address_bits: int, bank_bits: int) -> data.StructLayout:
    """A PARAM entry as a server stores it: only the bits that it needs."""
    return data.StructLayout({"row_r": ROW_BITS, "bias_r": ROW_BITS, "q2_r": ROW_BITS, "bits": 4, "pair": 1, "final": 1,
                              "nothing": 1, "bank": bank_bits, "row": address_bits})


class Issue(wiring.Component):
    """Choose nodes, fetch their row parameters and issue their beats: docs/banked.md, "Server timing contract".

    Nodes pass two stages on their way: *take* (round robin over valid holds that are not taken yet; reads PARAM)
    and *issue*, at the earliest two cycles later, once ``interval`` cycles have passed since the issue before and no
    Q1 beat would meet a Q2 beat. With one port the order is known, so the entry is fetched ahead of the
    hold and the issue waits for it. A dense pass takes one node at a time, from port 0.

    A node issued in cycle t has its Q1 beats in t + 1 .. t + q1_beats. Its *occupation* of the MAC array is
    ``max(steps, q1_beats + q2_beats, write_beats)`` cycles, in a dense pass ``max(words, q2_beats, write_beats)``:
    Q2 beats never meet and writes never overlap. They begin at
    ``t + occupation + server_q2_delay + q1_beats + 1 + q2_wait``. The task's ``q2_wait`` puts them behind the
    Q1 beats of a later node where nodes come as fast as the lanes allow, so that neither waits.
    A rank-1 pair has ``q1_beats`` more, and all that comes after these is as much later.

    With two sets of lanes the stages do not wait for each other: the occupation is
    ``max(steps, q1_beats, q2_beats, write_beats)``, and beats of the second stage have members of their own.

    Parameters
    ----------
    ports, lanes, digits, planes, pages, param_depth, address_bits, bank_bits, requant_lanes, lane_sets : int
    dense : bool
        Whether dense passes exist.

    Members
    -------
    load, task, start, run_start
        As the server's; ``load`` is registered.
    valid, ack : In(ports), Out(ports)
    active : Out(1)
        A beat is in its slot: ``beat``, ``port``, ``chunk``, ``fits`` (the code of this beat counts), ``last``
        (of the stage's codes).
    q2_active, q2_beat, q2_chunk, q2_last : Out
        The same of the second stage's own lanes. Only with two sets.
    dense_beat : Out(1)
        A node of a dense pass takes its (empty) slot.
    entry, occupation : Out
        Of the node being issued in this cycle, ``issued``.
    words : Out
        Feature words of a node in this dense pass.
    dense_busy : Out(1)
        A dense pass has not issued its last node.
    """

    load: LoadPort
    task: data.View
    start: Signal
    run_start: Signal
    valid: Signal
    ack: Signal
    active: Signal
    beat: data.View
    port: Signal
    chunk: Signal
    fits: Signal
    last: Signal
    q2_active: Signal
    q2_beat: data.View
    q2_chunk: Signal
    q2_last: Signal
    dense_beat: Signal
    issued: Signal
    entry: data.View
    occupation: Signal
    words: Signal
    dense_busy: Signal

    def __init__(self, *, ports: int, lanes: int, digits: int, planes: int, pages: int, param_depth: int,
                 address_bits: int, bank_bits: int, requant_lanes: int, dense: bool, lane_sets: int = 1) -> None:
        self.ports, self.lanes, self.digits, self.planes = ports, lanes, digits, planes
        self.param_depth, self.dense, self.lane_sets = param_depth, dense, lane_sets
        self.max_chunks = lanes // requant_lanes
        self.layout = entry_layout(address_bits=address_bits, bank_bits=bank_bits)
        longest = max(8, 2 * self.max_chunks, digits, -(-8 // planes) * pages if dense else 0)
        super().__init__({
            "load": In(LoadBus()), "task": In(task_layout), "start": In(1), "run_start": In(1), "valid": In(ports),
            "ack": Out(ports), "active": Out(1), "beat": Out(beat_layout), "port": Out(range(ports)),
            "chunk": Out(range(self.max_chunks)), "fits": Out(1), "last": Out(1), "dense_beat": Out(1),
            "issued": Out(1), "entry": Out(self.layout), "occupation": Out(bits_for(longest)),
            "words": Out(bits_for(longest)), "dense_busy": Out(1),
            **({"q2_active": Out(1), "q2_beat": Out(beat_layout), "q2_chunk": Out(range(self.max_chunks)),
                "q2_last": Out(1)} if lane_sets > 1 else {}),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        task = self.task
        # Constants of the pass, a cycle late: nothing is issued so soon after a start.
        beats_bits = bits_for(2 * self.max_chunks)
        q1_beats, floor, base = Signal(beats_bits), Signal(5), Signal(max(5, beats_bits))
        write_beats = Mux(task.to_result, 1, self.digits)
        combine = task.combine | task.dense
        if self.lane_sets == 1:
            lane_beats: Value = task.q2_chunks + Mux(task.dense, 0, q1_beats)
        else:
            lane_beats = Mux(q1_beats > task.q2_chunks, q1_beats, task.q2_chunks)
        m.d.sync += [
            q1_beats.eq(Mux(task.dense, 1, task.q1_chunks)),
            floor.eq(Mux(lane_beats > write_beats, lane_beats, write_beats)),
            base.eq(Mux(q1_beats > write_beats, q1_beats, write_beats)),
        ]
        ready, dense_occupation = self._dense(m, floor)
        taken, port, held = self._take(m)

        # Issue: the interval since the last one, and the window in which Q1 beats would meet Q2 beats.
        interval, blocked, pair_blocked = Signal.like(self.occupation), Signal(6), Signal(6)
        wait, left = (Signal(len(self.occupation) + 1, name=name) for name in ("wait", "left"))
        more = Mux(self.entry.pair, q1_beats, 0)
        steps = self.entry.bits if self.planes == 1 else (self.entry.bits + 1) >> 1
        m.d.comb += [
            self.occupation.eq(Mux(task.dense, dense_occupation, Mux(steps > floor, steps, floor))),
            interval.eq(Mux(combine & (self.occupation > base), self.occupation, base)),
            self.issued.eq(held & (wait == 0) & (blocked == 0) & ~(self.entry.pair & (pair_blocked != 0)) & Mux(
                task.dense, ready, (self.valid[0] & ~taken) if self.ports == 1 else 1)),
        ]
        with m.If(self.issued):
            m.d.sync += wait.eq(interval + more - 1)
        with m.Elif(wait != 0):
            m.d.sync += wait.eq(wait - 1)
        with m.If(self.issued):  # until the issued node has done with the MAC array
            m.d.sync += left.eq(Mux(combine, self.occupation + more, 0))
        with m.Elif(left != 0):
            m.d.sync += left.eq(left - 1)

        delay = server_q2_delay(self.lanes, self.planes)
        due = Signal(delay + 2 * self.max_chunks + (1 << len(task.q2_wait)))
        m.d.sync += due.eq(Cat(left == 1, due))
        waited = task.q2_wait + (delay - 1)
        start_q2 = due.bit_select((q1_beats + waited)[:bits_for(len(due) - 1)], 1)
        shared = ((blocked, 0, q1_beats), (pair_blocked, q1_beats, q1_beats << 1)) if self.lane_sets == 1 else ()
        for count, early, beats in shared:
            with m.If(due.bit_select((waited - early)[:bits_for(len(due) - 1)], 1) & ~task.dense):
                m.d.sync += count.eq(beats + task.q2_chunks - 1)
            with m.Elif(count != 0):
                m.d.sync += count.eq(count - 1)
        if self.lane_sets > 1:
            self._own_beats(m, start_q2)
        self._beats(m, start_q2 if self.lane_sets == 1 else Const(0), port)
        return m

    def _dense(self, m: Module, floor: Value) -> tuple[Value, Value]:
        """State of a dense pass: ready to issue, and occupation, after ``words = steps * pages`` is added up."""
        if not self.dense:
            return self.dense_busy, floor
        task, steps, settled = self.task, Signal(4), Signal()
        occupation = Signal.like(self.words)
        with m.If(self.start):
            m.d.sync += [self.dense_busy.eq(task.dense), steps.eq(task.dense_steps), self.words.eq(0)]
        with m.Elif(steps != 0):
            m.d.sync += [steps.eq(steps - 1), self.words.eq(self.words + task.dense_pages)]
        with m.Elif(self.issued & self.entry.final):
            m.d.sync += self.dense_busy.eq(0)
        m.d.sync += [occupation.eq(Mux(self.words > floor, self.words, floor)), settled.eq((steps == 0) & ~self.start),
                     self.dense_beat.eq(self.issued & task.dense)]
        return self.dense_busy & settled, occupation

    def _take(self, m: Module) -> tuple[Value, Value, Value]:
        """Round robin and parameter fetch. Returns the taken ports, and the port and validity of the issue stage."""
        ports, index_bits = self.ports, ceil_log2(self.ports)
        taken, free = Signal(ports), Signal(ports)
        fetch, held = Signal(), Signal()
        fetch_port, issue_port, chosen, recent = (Signal(index_bits, name=name) for name in (
            "fetch_port", "issue_port", "chosen", "recent"))
        take, move = Signal(), Signal()
        m.d.comb += [free.eq(self.valid & ~taken), move.eq(~held | self.issued), chosen.eq(recent)]
        for k in reversed(range(1, ports + 1)):  # recent + 1 first
            for start in range(ports):
                with m.If((recent == start) & free[(start + k) % ports]):
                    m.d.comb += chosen.eq((start + k) % ports)
        gather = 1 if ports == 1 else free.any()
        alone = ~fetch & Mux(held, self.issued & ~self.entry.final, 1)
        m.d.comb += take.eq(Mux(self.task.dense, self.dense_busy & alone, (~fetch | move) & gather))
        m.d.sync += [fetch.eq(take | (fetch & ~move)), held.eq(~move | fetch)]
        with m.If(take):
            m.d.sync += fetch_port.eq(Mux(self.task.dense, 0, chosen))
            with m.If(~self.task.dense):
                m.d.sync += recent.eq(chosen)
        with m.If(move):
            m.d.sync += issue_port.eq(fetch_port)
        for k in range(ports):
            mark = self.issued if ports == 1 else take & (chosen == k)
            with m.If(mark & ~self.task.dense):
                m.d.sync += taken[k].eq(1)
            with m.Elif(self.ack[k]):
                m.d.sync += taken[k].eq(0)
        self._fetch(m, fetch & move, fetch_port)
        with m.If(self.start):  # so that a pass takes as long whatever came before it
            m.d.sync += recent.eq(0)
        with m.If(self.run_start):
            m.d.sync += [fetch.eq(0), held.eq(0), taken.eq(0)]
        return taken, issue_port, held

    def _fetch(self, m: Module, enable: Value, port: Value) -> None:
        """The PARAM memory, and of each port the next entry: SETUP's until the port has been read in this run."""
        load, bits, index_bits = self.load, ceil_log2(self.param_depth), ceil_log2(self.ports)
        fresh, setting = Signal(self.ports), Signal()
        # Lower half: the next entry; upper half: SETUP's.
        store = add_memory(m, "next", bits, 2 << index_bits, "distributed")
        at, to = store.read_port(domain="comb"), store.write_port()
        address = at.data
        m.d.comb += [
            at.addr.eq(Cat(port[:index_bits], fresh.bit_select(port, 1))),
            setting.eq(load.valid & (load.target == Target.SETUP)), to.en.eq(setting | enable),
            to.addr.eq(Mux(setting, Cat(load.address[:index_bits], 1), Cat(port[:index_bits], 0))),
            to.data.eq(Mux(setting, load.data[:bits], address + 1)),
        ]
        with m.If(self.run_start):
            m.d.sync += fresh.eq(~0)
        with m.Elif(enable):
            m.d.sync += fresh.bit_select(port, 1).eq(0)

        params = add_memory(m, "params", self.layout, self.param_depth, "block")
        write, read = params.write_port(), params.read_port()
        given = data.View(param_layout, load.data[:param_layout.size])
        m.d.comb += [
            write.en.eq(load.valid & (load.target == Target.PARAM)), write.addr.eq(load.address[:bits]),
            *(write.data[name].eq(given[name]) for name in given.shape().members),
            write.data.nothing.eq(given.bank == 15), read.en.eq(enable), read.addr.eq(address),
            self.entry.eq(read.data),
        ]

    def _beats(self, m: Module, start_q2: Value, port: Value) -> None:
        """One counter for the stages that share lanes: their beats never meet."""
        task, q2, pair, b = self.task, Signal(), Signal(), Signal()
        column, bias = (Signal(len(self.beat[name]), name=name, reset_less=True) for name in ("column", "bias"))
        end = Mux(q2, task.q2_chunks, task.q1_chunks) == self.chunk + 1
        m.d.comb += [
            self.beat.q2.eq(q2), self.beat.pair.eq(pair), self.beat.b.eq(b), self.beat.column.eq(column),
            self.beat.bias.eq(bias), self.fits.eq(self.active & (b == pair)),
            self.last.eq(self.fits & end),
        ]
        for k in range(self.ports):
            m.d.comb += self.ack[k].eq(self.active & ~q2 & ~b & end & (self.port == k))
        with m.If(self.issued & ~task.dense):
            m.d.sync += [self.active.eq(1), q2.eq(0), pair.eq(self.entry.pair), b.eq(0), self.chunk.eq(0),
                         column.eq(task.q1_column), self.port.eq(port),
                         bias.eq(Mux(self.entry.pair, task.q1_bias, self.entry.bias_r))]
        with m.Elif(start_q2):
            m.d.sync += [self.active.eq(1), q2.eq(1), pair.eq(0), b.eq(0), self.chunk.eq(0), column.eq(task.q2_column),
                         bias.eq(task.q2_bias)]
        with m.Elif(self.active):
            m.d.sync += b.eq(~self.fits)
            with m.If(self.last):
                m.d.sync += self.active.eq(0)
            with m.Elif(self.fits):
                m.d.sync += [self.chunk.eq(self.chunk + 1), column.eq(column + 1), bias.eq(bias + 1)]

    def _own_beats(self, m: Module, start_q2: Value) -> None:
        """Beats of the second stage in lanes of their own: those of two nodes are an occupation apart."""
        task, chunk = self.task, self.q2_chunk
        column, bias = (Signal(len(self.q2_beat[name]), name=f"q2_{name}", reset_less=True)
                        for name in ("column", "bias"))
        m.d.comb += [self.q2_beat.q2.eq(1), self.q2_beat.column.eq(column), self.q2_beat.bias.eq(bias),
                     self.q2_last.eq(self.q2_active & (task.q2_chunks == chunk + 1))]
        with m.If(start_q2):
            m.d.sync += [self.q2_active.eq(1), chunk.eq(0), column.eq(task.q2_column), bias.eq(task.q2_bias)]
        with m.Elif(self.q2_active):
            m.d.sync += [self.q2_active.eq(~self.q2_last), chunk.eq(chunk + 1), column.eq(column + 1),
                         bias.eq(bias + 1)]
