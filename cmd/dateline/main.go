// Command dateline reads news articles and says who is in them, what was said, by whom, and when.
//
// There is a file for each subcommand, and it only wires packages together. Flags, environment and
// the configuration file are one thing: kong (github.com/alecthomas/kong) reads them off struct
// tags, so that a setting's name, help, default and place are written once; it is small, has no
// dependencies, does not generate code, and is well kept. Its resolvers let the environment and the
// file give any flag its value, which is how all three mean the same (see settings.go).
//
// Exit codes: 0 done, 1 failed, 2 wrong usage, 3 done, but with dead letters.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() { os.Exit(program()) }

func program() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	go func() {
		<-ctx.Done()
		stop() // a second signal ends the program at once
	}()
	cmd, err := Parse(os.Args[1:], os.Environ())
	if err != nil {
		fmt.Fprintln(os.Stderr, "dateline:", err)
		return exitUsage
	}
	return cmd.Run(ctx, os.Stdin, os.Stdout, os.Stderr)
}
