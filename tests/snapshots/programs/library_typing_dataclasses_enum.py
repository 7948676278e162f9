import typing, dataclasses, enum, abc, contextlib
@dataclasses.dataclass(order=True)
class P:
    x: int
    y: typing.List[int] = dataclasses.field(default_factory=list)
class E(enum.Flag):
    A = enum.auto(); B = enum.auto()
print(P(1), P(1) < P(2), E.A | E.B, typing.get_type_hints(P), list(E))
