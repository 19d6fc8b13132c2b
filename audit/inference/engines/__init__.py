"""Engines that run workers, one per module, behind `interface.Engine`."""
