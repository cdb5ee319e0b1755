"""A server: requantizes the sums of its processing elements, combines them in the MAC array, writes rows or results."""

from collections.abc import Mapping, Sequence

from amaranth import Array, Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2, exact_log2

from ...cells.bank import BankPort, BankWrite
from ...cells.formats import RAW_BITS
from ...cells.mac import MacArray
from ...cells.mac_plan import TABLE_WORDS
from ...cells.multiplex import multiplex
from ...cells.primitives import TWINS, Primitives
from ...shell.signatures import LoadBus, LoadPort
from ...shell.words import BEAT_BITS
from ..formats import ACC_BITS, AFFINE, UNITS, ZERO, Target
from ..requantize import CODE_BITS, Requantizer
from ..signatures import Hold, HoldPort, task_layout
from .features import FeatureMemory
from .in_flight import InFlight
from .issue import Issue
from .planes import ActivationPlanes
from .write import ServerWrite

__all__ = ["Server"]


class Server(wiring.Component):
    """Serve the hold registers of ``ports`` processing elements, node by node.

    docs/banked.md, "Server timing contract", states order and rate;
    :class:`rtl_templates.banked.server.timing.ServerTiming` is the cycle-exact model and :meth:`model` the exact
    arithmetic. A hold register is read directly, chunk by chunk: ``ack`` comes with the last chunk, and depends on
    registers only. Pipeline of a node issued in cycle t::

        t+1 ..                      Q1 beats enter the lanes (issue.py, requantize.py)
        last beat + REQUANT_CODE    last code; the row or the activation register is full one cycle later
        last beat + SERVER_MAC      first plane; ``occupation`` planes, most significant first (planes.py, features.py)
        + SERVER_PLANE + mac_latency    Q2 beats enter the lanes
        last beat + REQUANT_CODE    last code; written as write.py says

    Activations of the MAC array are unsigned. Channels beyond a pass's chunks are written as zero; channels beyond
    its width within the last chunk are what their column entries give: zero where those are C = B = 0.

    Parameters
    ----------
    servers : int
        How many there are: 4, 8 or 16.
    ports, lanes, code_bits, digit, acc_bits, bank_depth, param_depth, result_depth, feature_depth, requant_lanes, \
mac_columns, weight_bits, planes, pages, column_depth, \
bias_depth, lane_sets : int
        See :class:`hwgen.targets.banked.hardware.Hardware`.
    sum_bits : int
        Signed bits of the MAC array's results (:class:`~rtl_templates.banked.requantize.Requantizer`).
    zero_points : int
        Whether passes may write affine codes.
    primitives : Primitives
        Device primitives instead of behavioural twins.

    Members
    -------
    index : In(4)
        This server's number, constant. A port, so that all servers are one module.
    load : In(LoadBus())
        PARAM, SETUP, COLUMN, BIAS, TABLE, FEATURE and BANK; only while nothing runs.
    task : In(task_layout)
        Constant from ``start`` to the next ``start``.
    zero : In(8)
        Of the codes that the pass writes; with the task. Only with ``zero_points``.
    start, run_start : In(1)
        Pulses at the start of a pass and of a run.
    hold : In(Hold(lanes, acc_bits)).array(ports), ack : Out(1).array(ports)
    write : Out(BankWrite).array(16 // servers)
    result_address : In, result_data : Out(requant_lanes * 16, at most 128)
        Read latency 2. Wider result words are read in parts of a beat, the lowest lanes first.
    busy : Out(1)
        A node is in flight, or a dense pass has nodes to issue; from the cycle after ``start`` on.
    working, waiting : Out(1)
        Lanes or MAC array have work; nothing is in flight and no hold is valid.
    row_valid, row_bank, row_address, row_data, act_valid, act_data : Out
        Probes: rows or result words as they are finished, activation codes (8 bits a lane) as they enter the MAC array.
    """

    index: Signal
    load: LoadPort
    task: data.View
    zero: Signal
    start: Signal
    run_start: Signal
    hold: Sequence[HoldPort]
    ack: Sequence[Signal]
    write: Sequence[BankPort]
    result_address: Signal
    result_data: Signal
    busy: Signal
    working: Signal
    waiting: Signal
    row_valid: Signal
    row_bank: Signal
    row_address: Signal
    row_data: Signal
    act_valid: Signal
    act_data: Signal

    def __init__(self, *, servers: int, ports: int, lanes: int, code_bits: int, digit: int, acc_bits: int,
                 bank_depth: int, param_depth: int, result_depth: int, feature_depth: int, requant_lanes: int,
                 mac_columns: int, weight_bits: int, planes: int, pages: int, column_depth: int, bias_depth: int,
                 sum_bits: int = ACC_BITS, zero_points: int = 0, lane_sets: int = 1, table_words: int = TABLE_WORDS,
                 primitives: Primitives = TWINS) -> None:
        self.acc_bits, self.feature_depth, self.lane_sets = acc_bits, feature_depth, lane_sets
        self.requant_lanes, self.mac_columns = requant_lanes, mac_columns
        banks, digits = UNITS // servers, code_bits // digit
        row_bits = exact_log2(bank_depth)
        address_bits = max(row_bits, ceil_log2(result_depth))
        self.issue = Issue(
            ports=ports, lanes=lanes, digits=digits, planes=planes, pages=pages, param_depth=param_depth,
            address_bits=address_bits, bank_bits=exact_log2(banks), requant_lanes=requant_lanes,
            dense=feature_depth > 0, lane_sets=lane_sets)
        self.requantizer, *self.second = (
            Requantizer(lanes=requant_lanes, in_bits=acc_bits, column_depth=column_depth, bias_depth=bias_depth,
                        sum_bits=sum_bits, zero_points=bool(zero_points), primitives=primitives)
            for _ in range(lane_sets))
        self.mac = MacArray(lanes=lanes, columns=mac_columns, weight_bits=weight_bits, planes=planes, pages=pages,
                            x_bits=sum_bits, target=Target.TABLE, table_words=table_words, primitives=primitives)
        self.writer = ServerWrite(
            lanes=lanes, code_bits=code_bits, digit=digit, requant_lanes=requant_lanes, banks=banks, row_bits=row_bits,
            address_bits=address_bits, result_depth=result_depth, servers=servers, zero_points=bool(zero_points))
        self.primitives, self.zero_points = primitives, zero_points
        super().__init__({
            "index": In(range(UNITS)), "load": In(LoadBus()), "task": In(task_layout), "start": In(1),
            "run_start": In(1),
            "hold": In(Hold(lanes=lanes, acc_bits=acc_bits)).array(ports), "ack": Out(1).array(ports),
            "write": Out(BankWrite(address_bits=exact_log2(bank_depth * digits), word_bits=lanes * digit)).array(banks),
            "result_address": In(range(result_depth)),
            "result_data": Out(min(BEAT_BITS, requant_lanes * RAW_BITS)), "busy": Out(1), "working": Out(1),
            "waiting": Out(1), "row_valid": Out(1), "row_bank": Out(exact_log2(banks)),
            "row_address": Out(address_bits), "row_data": Out(max(lanes * code_bits, requant_lanes * RAW_BITS)),
            "act_valid": Out(1), "act_data": Out(lanes * CODE_BITS),
            **({"zero": In(ZERO["zero"])} if zero_points else {}),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.issue = issue = self.issue
        m.submodules.requantizer = requantizer = self.requantizer
        m.submodules.mac = mac = self.mac
        m.submodules.writer = writer = self.writer
        load = self._load(m)
        loaded = [unit.load for unit in (issue, mac, writer)]
        for port in (*loaded, *(each.load for each in (requantizer, *self.second))):
            for name, value in load.items():
                m.d.comb += getattr(port, name).eq(value)
        m.submodules.in_flight = in_flight = InFlight(
            entry=issue.layout, occupation_bits=len(issue.occupation), chunk_bits=len(issue.chunk),
            lane_sets=self.lane_sets)
        m.d.comb += [
            writer.index.eq(self.index), issue.task.eq(self.task), requantizer.task.eq(self.task),
            issue.start.eq(self.start),
            issue.run_start.eq(self.run_start), issue.valid.eq(Cat(hold.valid for hold in self.hold)),
            *(ack.eq(issue.ack[k]) for k, ack in enumerate(self.ack)),
            requantizer.beat.eq(issue.beat), requantizer.q1_x.eq(self._hold_chunk(m)),
            *(getattr(each, name).eq(getattr(in_flight, name)) for each in (requantizer, *self.second) for name in (
                "row_r", "bias_r", "q1_bits", "q2_r", "q2_bits")),
            in_flight.task.eq(self.task), in_flight.q2.eq(issue.beat.q2),
            *(getattr(in_flight, name).eq(getattr(issue, name)) for name in (
                "issued", "entry", "occupation", "fits", "last", "chunk", "dense_beat")),
            writer.to_result.eq(self.task.to_result), writer.chunk.eq(in_flight.out_chunk),
            writer.fits.eq(in_flight.code_out),
            writer.last.eq(in_flight.code_last),
            *(getattr(writer, name).eq(getattr(in_flight, name)) for name in ("nothing", "row", "bank")),
            *(self.write[k].enable.eq(port.enable) for k, port in enumerate(writer.write)),
            *(self.write[k].address.eq(port.address) for k, port in enumerate(writer.write)),
            *(self.write[k].data.eq(port.data) for k, port in enumerate(writer.write)),
            writer.result_address.eq(self.result_address), self.result_data.eq(writer.result_data),
            self.row_valid.eq(writer.row_valid), self.row_bank.eq(writer.row_bank),
            self.row_address.eq(writer.row_address), self.row_data.eq(writer.row_data),
        ]
        active = self._stages(m, in_flight)
        if self.zero_points:
            written = Mux(self.task.combine | self.task.dense, self.task.q2_kind, self.task.q1_kind)
            m.d.comb += [*(each.zero.eq(self.zero) for each in (requantizer, *self.second)),
                         writer.affine.eq(written == AFFINE)]
        running = self._combine(m, load, in_flight)
        m.d.comb += [
            self.busy.eq(in_flight.flying | writer.busy | issue.dense_busy), self.working.eq(active | running),
            self.waiting.eq(~self.busy & ~Cat(hold.valid for hold in self.hold).any()),
        ]
        return m

    def _stages(self, m: Module, in_flight: InFlight) -> Value:
        """Lanes of the second stage: the first one's, or their own. Returns whether lanes work."""
        issue, first, writer = self.issue, self.requantizer, self.writer
        if not self.second:
            m.d.comb += [first.q2_x.eq(self._result_chunk(issue.chunk)), writer.code.eq(first.code),
                         writer.raw.eq(first.raw)]
            return issue.active
        [second] = self.second
        m.submodules.second = second
        combine = self.task.combine | self.task.dense
        m.d.comb += [
            second.task.eq(self.task), second.beat.eq(issue.q2_beat),
            second.q2_x.eq(self._result_chunk(issue.q2_chunk)),
            in_flight.q2_active.eq(issue.q2_active), in_flight.q2_last.eq(issue.q2_last),
            in_flight.q2_chunk.eq(issue.q2_chunk), writer.code.eq(Mux(combine, second.code, first.code)),
            writer.raw.eq(Mux(combine, second.raw, first.raw)),
        ]
        return issue.active | issue.q2_active

    def _combine(self, m: Module, load: Mapping[str, Value], in_flight: InFlight) -> Value:
        """What feeds the MAC array. Returns whether that works on a node."""
        mac, issue, task = self.mac, self.issue, self.task
        m.submodules.planes = planes = ActivationPlanes(
            lanes=mac.lanes, planes=mac.planes, requant_lanes=self.requant_lanes,
            occupation_bits=len(issue.occupation), primitives=self.primitives)
        m.d.comb += [
            planes.code.eq(self.requantizer.code), planes.take.eq(in_flight.code_q1),
            planes.chunk.eq(in_flight.code_chunk), planes.begin.eq(in_flight.q1_ends & (task.combine | task.dense)),
            planes.occupation.eq(in_flight.occupation_begun), planes.dense.eq(task.dense), mac.x.eq(planes.x),
            mac.enable.eq(planes.enable), mac.last.eq(planes.last), self.act_valid.eq(planes.act_valid),
            self.act_data.eq(planes.act_data),
        ]
        page: Value = Const(0)
        if self.feature_depth:
            m.submodules.features = features = FeatureMemory(
                depth=self.feature_depth, word_bits=len(mac.other), left_bits=len(planes.left))
            page = features.page
            m.d.comb += [
                *(getattr(features.load, name).eq(value) for name, value in load.items()),
                features.run_start.eq(self.run_start), features.dense.eq(task.dense),
                features.pages.eq(task.dense_pages), features.running.eq(planes.running),
                features.left.eq(planes.left), features.words.eq(issue.words), mac.other.eq(features.x),
            ]
        if mac.pages > 1:
            m.d.sync += [mac.page.eq(task.page + page), mac.hold.eq(page != 0)]
        return planes.running

    def _load(self, m: Module) -> dict[str, Value]:
        """The load bus, registered; PARAM, SETUP and FEATURE beats of other servers are dropped here."""
        own = self.load.unit[:exact_log2(UNITS)] == self.index
        mine = Signal()
        with m.Switch(self.load.target):
            with m.Case(Target.PARAM, Target.SETUP, Target.FEATURE):
                m.d.comb += mine.eq(own)
            with m.Default():
                m.d.comb += mine.eq(1)
        late: dict[str, Value] = {"valid": Signal(name="load_valid")}
        m.d.sync += late["valid"].eq(self.load.valid & mine)
        for name in ("target", "unit", "address", "data"):
            value = getattr(self.load, name)
            late[name] = register = Signal(len(value), name=f"load_{name}", reset_less=True)
            m.d.sync += register.eq(value)
        return late

    def _hold_chunk(self, m: Module) -> Value:
        """The chunk of the hold register that the present beat reads: one multiplexer over ports and chunks."""
        width = self.requant_lanes * self.acc_bits
        choices = [hold.data[chunk * width:(chunk + 1) * width] for hold in self.hold
                   for chunk in range(1 << len(self.issue.chunk))]
        return multiplex(m, "hold_chunk", choices, Cat(self.issue.chunk, self.issue.port), primitives=self.primitives)

    def _result_chunk(self, chunk: Value) -> Value:
        """A chunk of the MAC array's result."""
        width, chunks = self.requant_lanes * self.requantizer.sum_bits, -(-self.mac_columns // self.requant_lanes)
        parts = [self.mac.result[k * width:(k + 1) * width] for k in range(chunks)]
        return Array(parts)[chunk] if chunks > 1 else parts[0]

    @staticmethod
    def model(x: Sequence[int], *, task: Mapping[str, int], param: Mapping[str, int],
              columns: Sequence[Sequence[int]], biases: Sequence[Sequence[int]], weight: Sequence[Sequence[int]],
              lanes: int, code_bits: int = CODE_BITS) -> list[int]:
        """What a server writes for one node.

        Parameters
        ----------
        x : sequence of int, [lanes]
            The sum in the hold register; in a dense pass the input codes, [dense_pages * lanes].
        task, param : mapping
            Fields of the task word, with ``zero`` where there are affine codes, and of the node's PARAM entry.
        columns, biases : [requant_lanes][entries]
            Of every lane's tables, ``C`` and ``B``.
        weight : [lanes or dense_pages * lanes][mac_columns]
            Of the task's page and the following ones.
        lanes, code_bits : int

        Returns
        -------
        list of int
            Codes of all lanes; in a pass that writes results the values of all chunks.
        """
        count = len(columns)

        def stage(values: Sequence[int], name: str, chunks: int) -> list[int]:
            pair = name == "q1" and param["pair"]
            first = param["bias_r"] if name == "q1" and not pair else task[f"{name}_bias"]
            return [
                Requantizer.model(
                    values[k] if k < len(values) else 0, columns[k % count][task[f"{name}_column"] + k // count],
                    biases[k % count][first + k // count],
                    param["row_r" if name == "q1" else "q2_r"], param["bias_r"] if pair else None,
                    kind=task[f"{name}_kind"], half_up=bool(task[f"{name}_half_up"]), bits=param["bits"],
                    signed_max=task["signed_max"], zero=task.get("zero", 0))
                - (task[f"{name}_kind"] == AFFINE) * (1 << code_bits - 1)
                for k in range(chunks * count)]

        codes = list(x) if task["dense"] else stage(x, "q1", task["q1_chunks"])
        if task["dense"] or task["combine"]:
            codes += [0] * (len(weight) - len(codes))
            codes = stage(MacArray.model(codes, weight), "q2", task["q2_chunks"])
        return codes if task["to_result"] else codes + [0] * (lanes - len(codes))
