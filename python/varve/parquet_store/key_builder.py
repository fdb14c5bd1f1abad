"""Keys of the usual sorts of market data of one symbol."""


def bars(symbol: str, timeframe: str) -> str:
    """``"EUR_USD/bars/1m"``"""
    return f"{symbol}/bars/{timeframe}"


def features(symbol: str, feature_set: str) -> str:
    """``"EUR_USD/features/momentum"``"""
    return f"{symbol}/features/{feature_set}"


def indicators(symbol: str, indicator: str, params_id: str) -> str:
    """``"EUR_USD/indicators/rsi/14"``"""
    return f"{symbol}/indicators/{indicator}/{params_id}"


def fundamentals(symbol: str) -> str:
    """``"AAPL/fundamentals"``"""
    return f"{symbol}/fundamentals"


def quotes(symbol: str) -> str:
    """``"EUR_USD/quotes"``"""
    return f"{symbol}/quotes"


def corp_actions(symbol: str) -> str:
    """``"AAPL/corp_actions"``"""
    return f"{symbol}/corp_actions"
