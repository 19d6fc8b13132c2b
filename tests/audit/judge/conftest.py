from tests.support.judge.fixtures import serve

__all__ = ["serve"]
