"""Deliberate faults. Of the serial line: bridge, wires, queues, register access, clocks, frames and the top."""

__all__ = ["FAULTS", "SAME"]

_SERIAL = "rtl_templates/serial/"
_BRIDGE = f"{_SERIAL}test_bridge.py::"

FAULTS = {
    "rtl_templates/serial/bridge.py": (
        ("bridge-writes-twice", f"{_BRIDGE}test_registers_are_read_and_written_once",
         "a frame that comes twice writes twice", "with m.If(head.sequence != last):", "with m.If(1):"),
        ("bridge-takes-damage", f"{_BRIDGE}test_what_is_damaged_or_cut_has_no_effect_and_no_answer",
         "a frame with a wrong checksum counts", "with m.If(crc != CRC_RESIDUE):", "with m.If(0):"),
        ("bridge-no-room", f"{_BRIDGE}test_a_full_queue_takes_no_more_until_it_is_read",
         "beats are taken that have no room", " & (head.count + load.level <= self.depth)", ""),
    ),
    "rtl_templates/serial/uart.py": (
        ("uart-bits-reversed", f"{_BRIDGE}test_registers_are_read_and_written_once",
         "bytes come with their highest bit first", "Cat(shift[1:], level)", "Cat(level, shift[:-1])"),
        ("uart-short-byte", f"{_BRIDGE}test_registers_are_read_and_written_once",
         "a byte is sent without its last bit",
         "Cat(self.data, Const(1, 1))), bits.eq(9)", "Cat(self.data, Const(1, 1))), bits.eq(8)"),
    ),
    "rtl_templates/serial/queues.py": (
        ("queue-loses-order", f"{_BRIDGE}test_a_load_stream_comes_in_order_and_once",
         "beats of a frame overwrite each other", "(self.tail + self.place)[:bits]), write.data",
         "self.tail[:bits]), write.data"),
        ("queue-eats-errors", f"{_BRIDGE}test_a_burst_from_elsewhere_is_an_error_and_takes_nothing",
         "a burst from another address takes beats", "eaten.eq(taken & ~wrong)", "eaten.eq(taken)"),
        ("queue-keeps-more", f"{_BRIDGE}test_a_store_waits_for_the_host",
         "a full queue of results takes a beat", "axi.wready.eq(room | wrong)", "axi.wready.eq(1)"),
    ),
    "rtl_templates/serial/lite_master.py": (
        ("lite-master-half", f"{_BRIDGE}test_registers_are_read_and_written_once",
         "half of a register is read", "self.result.eq(bus.rdata)", "self.result.eq(bus.rdata[:1])"),
        ("lite-master-writes-elsewhere", f"{_BRIDGE}test_registers_are_read_and_written_once",
         "a register is written with its address", "bus.wdata.eq(self.value)", "bus.wdata.eq(self.address)"),
    ),
    "rtl_templates/serial/protocol.py": (
        ("crc-polynomial", f"{_SERIAL}test_protocol.py::test_the_crc_is_zlibs",
         "a checksum that is nobody's", "CRC_POLYNOMIAL = 0xEDB88320", "CRC_POLYNOMIAL = 0xEDB88321"),
    ),
    "rtl_templates/serial/clocks.py": (
        ("clock-too-fast", f"{_SERIAL}test_clocks.py::test_an_ecp5s_clock",
         "a clock is faster than wanted", "if mhz > wanted_mhz * (1 + 1e-9):", "if mhz > wanted_mhz * 1.5:"),
    ),
    "rtl_templates/serial/top.py": (
        ("top-without-reset", "hwgen/flow/bitstream/test_make.py::test_the_top_has_the_boards_ports",
         "the accelerator's reset is left open", '"i_ap_rst_n": awake,', ""),
    ),
}

SAME = {}
