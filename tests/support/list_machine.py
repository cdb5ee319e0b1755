# amaranth: UnusedElaboratable=no
"""Random words for a whole accelerator of the edge-list target, and what it must do with them.

No lowering: passes, beats and memories are drawn as words, the stages' own models say what they compute, and only the
way from stage to stage, and through the buffer from pass to pass, is written down here.
"""

import random

from weight_tables import loaded_tables

from rtl_templates.cells.formats import Kind
from rtl_templates.lists.combine import Combine
from rtl_templates.lists.formats import (
    BEAT,
    BIAS_BITS,
    BIAS_HALF,
    COLUMN_BITS,
    DESCRIPTOR,
    LIST_ENTRY,
    MID_SHIFTS,
    NULL_INDEX,
    PARAM,
    PASS,
    SETUP,
    SLOPE_ONE,
    V_BITS,
    Operand,
    Select,
    Set,
    Target,
    weight_plan,
)
from rtl_templates.lists.operand_fetch import OperandFetch
from rtl_templates.lists.requantize import Beat, Requantizer
from rtl_templates.lists.timing import STAGES, unit_pass
from rtl_templates.shell.checksum import end_beat
from rtl_templates.shell.timing import SHELL_BARRIER, SHELL_DONE, SHELL_RUN
from rtl_templates.shell.words import BEAT_BITS, pack

__all__ = ["Machine"]

# Magnitudes are such that few codes lie at an end of their range: what is read matters for what is written.
WORD = 4  # constants of a load word
ENTRIES = 16  # that a row chooses from
MIDS = (MID_SHIFTS.index(4), MID_SHIFTS.index(8))
REGIONS = 4  # of the buffer: a pass reads three and writes one


class Machine:
    """Memories, passes, and what they must give.

    Parameters
    ----------
    seed : int
    hardware : dict
    nodes, graphs : int
        Rows of the batch.
    passes : int
        The last one writes results.
    """

    def __init__(self, seed, hardware, *, nodes, graphs, passes, longest=6):
        self.rng, self.hardware, self.longest = random.Random(seed), hardware, longest
        self.units, self.lanes, self.chunks = (hardware[name] for name in ("units", "lanes", "chunks"))
        self.rows = {"nodes": nodes, "graphs": graphs}
        self.size = self.chunks * max(nodes, graphs)
        rng, word_bits = self.rng, self.lanes * hardware["code_bits"]
        self.words = [rng.getrandbits(word_bits) for _ in range(hardware["buffer_depth"])]
        self.entries = [0] * len(self.words)
        self.columns, self.biases = ([[[rng.randrange(-1 << bits, 1 << bits) for _ in range(self.lanes)]
                                       for _ in range(hardware["column_depth"])] for _ in range(2)]
                                     for bits in (COLUMN_BITS - 3, BIAS_BITS - 10))
        bits = hardware["code_bits"]
        self.params = [[(rng.getrandbits(rng.randint(10, 15)), rng.choice((0, 2, bits - 1, bits, bits, bits)))
                        for _ in range(hardware["param_depth"])] for _ in range(2)]
        self.levels = hardware["levels"]
        self.thresholds = [[sorted(rng.choice((rng.getrandbits(rng.randint(4, 20)), (1 << V_BITS - 1) - 1))
                                   for _ in range((1 << self.levels) - 1)) for _ in range(hardware["tables"])]
                           for _ in range(2)]
        limit = 1 << max(hardware["weight_bits"], 1) - 1
        self.pages = [[[rng.randrange(1 - limit, limit) for _ in range(self.lanes)] for _ in range(self.lanes)]
                      for _ in range(hardware["pages"])]
        self.setup, self.descriptors, self.lists = [{} for _ in range(self.units)], [], []
        for unit in range(self.units):
            self._deal(unit)
        self.beats, self.tasks = [], []
        for index in range(passes):
            self._pass(index, index == passes - 1)

    def _deal(self, unit):
        """Lists of a unit: those of maxima (members) have neither NULL nor double."""
        rng, mine = self.rng, {name: len(range(unit, rows, self.units)) for name, rows in self.rows.items()}
        descriptors, lists, setup = [], [], dict(mine)
        for each in Set:
            name = each.name.lower()
            setup[name] = len(descriptors) // 2
            for _ in range(max(mine.values())):
                count = rng.choice((0, 1, rng.randint(0, self.longest), self.longest))
                descriptors.append({"start": len(lists), "count": count, "node": rng.randrange(ENTRIES)})
                doubles = 3
                for _ in range(count):
                    double = int(name == "features" and doubles > 0 and rng.random() < 0.2)
                    doubles -= double
                    null = name == "features" and rng.random() < 0.1
                    lists.append({"index": NULL_INDEX if null else rng.randrange(max(1, self.rows["nodes"])),
                                  "double": double})
            descriptors += [{"start": 0, "count": 0, "node": 0}] * (len(descriptors) % 2)
        self.setup[unit] = setup
        self.descriptors.append(descriptors)
        self.lists.append(lists)

    def _pass(self, index, last):
        rng, hardware = self.rng, self.hardware
        target = index % REGIONS
        sources = [region for region in range(REGIONS) if region != target]
        combine = int(hardware["weight_bits"] > 0 and rng.random() < 0.6)
        inputs, outputs = rng.randint(1, self.chunks), rng.randint(1, self.chunks)
        written = outputs if combine else inputs
        raw = last and rng.random() < 0.7
        start = len(self.beats)
        for chunk in range(inputs):
            operands, join = rng.randint(1, 3), rng.getrandbits(1)
            for k in range(operands):
                if rng.random() < 0.2:
                    self.beats.append(self._skip())
                self.beats.append(self._beat(sources) | {
                    "join_max": join, "first": int(k == 0), "last": int(k == operands - 1),
                    "end": int(k == operands - 1 and chunk == inputs - 1)})
        task = dict.fromkeys(PASS, 0) | {
            "graphs": int(rng.random() < 0.3), "beat_start": start, "beat_count": len(self.beats) - start,
            "combine": combine, **self._final("q1", raw and not combine),
            **self._final("q2", raw and combine),
            "page": rng.randrange(max(1, self.hardware["pages"] - inputs * outputs + 1)),
            "in_chunks": inputs, "out_chunks": outputs, "column": rng.randrange(hardware["column_depth"] - outputs),
            "bias": rng.randrange(hardware["column_depth"] - outputs), "mid": rng.choice(MIDS),
            **self._row(), "target": target * self.size, "stride": written, "to_result": int(last),
            "result_words": rng.randint((written - 1) * self.lanes // 8 + 1, written * self.lanes // 8) if last else 0,
            "last": int(last),
        }
        self.tasks.append(task)

    def _final(self, name, raw):
        rng = self.rng
        slopes = [0, SLOPE_ONE, SLOPE_ONE] + [rng.randrange(SLOPE_ONE)] * self.hardware["leaky"]
        select = rng.choice(list(Select))
        return {f"{name}_slope": rng.choice(slopes), f"{name}_kind": Kind.RAW if raw else rng.choice((0, 1, 1)),
                f"{name}_select": select, f"{name}_base": rng.randrange(ENTRIES),
                f"{name}_limit": rng.randrange(ENTRIES), f"{name}_table": rng.randrange(self.hardware["tables"])}

    def _row(self):
        rng = self.rng
        select = rng.choice((Select.CONSTANT, Select.DEGREE, Select.NODE, Select.ENTRY))
        return {"row_select": select, "row_base": rng.randrange(ENTRIES), "row_limit": rng.randrange(ENTRIES)}

    def _skip(self):
        return dict.fromkeys(BEAT, 0) | {"operand": Operand.SKIP, "set": self.rng.choice(list(Set)), "degree": 1}

    def _beat(self, sources):
        rng, row = self.rng, self._row()
        operand = rng.choice((Operand.SELF, Operand.LIST, Operand.LIST, Operand.ONE))
        maximum = int(operand == Operand.LIST and rng.random() < 0.3)
        select = row["row_select"]
        if select == Select.ENTRY and operand != Operand.SELF:
            select = Select.CONSTANT
        return dict.fromkeys(BEAT, 0) | {
            "operand": operand, "max": maximum, "set": Set.MEMBERS if maximum else rng.choice(list(Set)),
            "base": rng.choice(sources) * self.size + rng.randrange(self.chunks), "stride": rng.randint(1, self.chunks),
            "signed": rng.getrandbits(1), "column": rng.randrange(self.hardware["column_depth"]),
            "bias": rng.randrange(self.hardware["column_depth"]), "mid": rng.choice(MIDS),
            "degree": int(operand == Operand.LIST and rng.random() < 0.5),
            "entry": int(operand == Operand.SELF and rng.random() < 0.7),
            "row_kind": select, "row_base": row["row_base"], "row_limit": row["row_limit"]}

    # ---- load stream

    def load_stream(self):
        """The whole load stream, a beat an integer."""
        hardware, beats = self.hardware, []

        def section(target, unit, words):
            if words:
                beats.append(target | unit << 8 | len(words) << 64)
                beats.extend(words)

        mask = (1 << BEAT_BITS) - 1
        for half in range(2):
            section(Target.PASS, half, [pack(PASS, **task) >> BEAT_BITS * half & mask for task in self.tasks])
        section(Target.BEAT, 0, [pack(BEAT, **beat) for beat in self.beats])
        for unit in range(self.units):
            section(Target.SETUP, unit, [pack(SETUP, **self.setup[unit])])
            pairs = [pack(DESCRIPTOR, **each) for each in self.descriptors[unit]]
            section(Target.DESCRIPTOR, unit, [a | b << 64 for a, b in zip(pairs[::2], pairs[1::2], strict=True)])
            entries = [pack(LIST_ENTRY, **each) for each in self.lists[unit]]
            section(Target.LIST, unit, [_join(entries[k:k + 8], 16) for k in range(0, len(entries), 8)])
        for q in range(2):
            rounding = [[bias + BIAS_HALF for bias in entry] for entry in self.biases[q]]
            for target, table, bits in ((Target.COLUMN, self.columns[q], COLUMN_BITS),
                                        (Target.BIAS, rounding, BIAS_BITS)):
                for group in range(self.lanes // WORD):
                    section(target, 16 * q + group, [_join(entry[group * WORD:(group + 1) * WORD], bits)
                                                     for entry in table])
            section(Target.PARAM, q, [pack(PARAM, multiplier=m, bits=b) for m, b in self.params[q]])
            for level in range(self.levels):
                step = 1 << self.levels - level
                section(Target.THRESHOLD, 16 * q + level,
                        [value for table in self.thresholds[q] for value in table[step // 2 - 1::step]])
        if hardware["weight_bits"]:
            for unit, words in loaded_tables(self.pages, weight_plan(hardware)):
                section(Target.TABLE, unit, words)
        for chunk in range(-(-self.lanes * hardware["code_bits"] // BEAT_BITS)):
            section(Target.ROWS, chunk, [word >> chunk * BEAT_BITS & mask for word in self.words])
        return [*beats, end_beat(beats)]

    # ---- what must come out

    def run(self, first=0, count=None):
        """Execute: (rows written by pass: {(unit, address): (data, entry)}, results by unit and word, timing).

        The buffer keeps what was written: another run goes on with it, as hardware does.
        """
        words, entries = self.words, self.entries
        written, results, timing = [], [{} for _ in range(self.units)], []
        front = OperandFetch(**{name: self.hardware[name] for name in (
            "units", "lanes", "code_bits", "buffer_depth", "list_depth", "descriptor_depth", "beats", "acc_bits")})
        for task in self.tasks[first:None if count is None else first + count]:
            rows, pass_timing = {}, []
            for unit in range(self.units):
                lists = [pack(LIST_ENTRY, **each) for each in self.lists[unit]]
                tokens = front.model(task, self.beats, self.setup[unit], self.descriptors[unit], lists, words, entries,
                                     index=unit)
                widths = []
                for number, row in enumerate(_rows(tokens)):
                    chunks, bits, entry = self._row_of(task, row)
                    widths.append(bits)
                    if task["to_result"]:
                        values = [value for chunk in chunks for value in chunk]
                        for k in range(task["result_words"]):
                            results[unit][number * task["result_words"] + k] = _join(values[8 * k:8 * k + 8], 16)
                        continue
                    for chunk, codes in enumerate(chunks):
                        address = task["target"] + (number * self.units + unit) * task["stride"] + chunk
                        rows[unit, address] = _join(codes, self.hardware["code_bits"]), entry
                pass_timing.append(self._time(unit, task, widths))
            for (_, address), (data, entry) in rows.items():
                words[address], entries[address] = data, entry
            written.append(rows)
            timing.append(pass_timing)
        return written, results, timing

    def _row_of(self, task, tokens):
        """A row of tokens through both requantizers: chunks of codes, bits at the first one, entry."""
        context = {name: tokens[-1][name] for name in ("degree", "node", "entry")}
        beats = [Beat(x=token["x"], column=self.columns[0][token["column"]], bias=self.biases[0][token["bias"]],
                      mid=token["mid"], multiplier=self.params[0][token["row"]][0], first=bool(token["first"]),
                      last=bool(token["last"]), join_max=bool(token["join_max"])) for token in tokens]
        chunks, bits, entry = self._requantize(0, "q1", task, beats, context)
        if not task["combine"]:
            return chunks, bits, entry
        inputs = task["in_chunks"]
        codes = [code for chunk in chunks for code in chunk]
        offset = {Select.CONSTANT: 0, Select.DEGREE: min(context["degree"], task["row_limit"]),
                  Select.NODE: context["node"], Select.ENTRY: entry}[task["row_select"]]
        beats = []
        for o in range(task["out_chunks"]):
            weight = [row for c in range(inputs) for row in self.pages[task["page"] + o * inputs + c]]
            beats.append(Beat(
                x=Combine.model(codes, weight), column=self.columns[1][task["column"] + o],
                bias=self.biases[1][task["bias"] + o], mid=task["mid"],
                multiplier=self.params[1][task["row_base"] + offset][0], first=True, last=True))
        chunks, _, entry = self._requantize(1, "q2", task, beats, context | {"entry": entry})
        return chunks, bits, entry

    def _requantize(self, q, name, task, beats, context):
        return Requantizer.model(
            beats, self.params[q], self.thresholds[q][task[f"{name}_table"]], slope=task[f"{name}_slope"],
            kind=task[f"{name}_kind"], select=task[f"{name}_select"], base=task[f"{name}_base"],
            limit=task[f"{name}_limit"], **context)

    def _time(self, unit, task, bits):
        beats = self.beats[task["beat_start"]:task["beat_start"] + task["beat_count"]]
        reads, nulls = [], 0
        for row in range(len(bits)):
            reads.append([])
            for beat in beats:
                count = int(beat["operand"] == Operand.SELF)
                if beat["operand"] == Operand.LIST:
                    walk = self.descriptors[unit][2 * self.setup[unit][Set(beat["set"]).name.lower()] + row]
                    count = walk["count"]
                    nulls += sum(entry["index"] == NULL_INDEX
                                 for entry in self.lists[unit][walk["start"]:walk["start"] + count])
                reads[-1].append(count)
        return unit_pass(self.hardware, unit, task, beats, reads, nulls, bits)

    @staticmethod
    def cycles(timing):
        """PASS_CYCLES of a run of these passes, and its stage counters."""
        stamps, counters = [], dict.fromkeys((f"{stage}_{what}" for stage in STAGES for what in ("run", "wait_out")), 0)
        for units in timing:
            before = stamps[-1] + SHELL_BARRIER if stamps else SHELL_RUN + SHELL_DONE
            stamps.append(before + max(unit.last for unit in units))
            for unit in units:
                for stage, run, waited in zip(STAGES, unit.run, unit.waited, strict=True):
                    counters[f"{stage}_run"] += run
                    counters[f"{stage}_wait_out"] += waited
        return stamps, counters


def _join(values, bits):
    return sum((value & (1 << bits) - 1) << bits * k for k, value in enumerate(values))


def _rows(tokens):
    row = []
    for token in tokens:
        row.append(token)
        if token["end"]:
            yield row
            row = []
    assert not row
