"""From the engine's answer to the plan's tables: figures, reasons, binding limits."""
