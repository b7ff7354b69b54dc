"""The demo at `/demo`: a shop front that several users see side by side, each by what three flags say of them.

The page evaluates over OFREP and hears of changes by the stream, as any web page may: nothing here evaluates. It may
import what answers requests are made of, and nothing of flags.
"""
