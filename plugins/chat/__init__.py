"""Conversations: what data says of them, and how they are written out for a model. (This file itself imports nothing.)"""
