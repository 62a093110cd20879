package main

import "context"

type runCmd struct{}

func (*runCmd) run(context.Context, *process) error { return nil }
