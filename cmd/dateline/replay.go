package main

import "context"

type replayCmd struct{}

func (*replayCmd) run(context.Context, *process) error { return nil }
