package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/alecthomas/kong"
)

// The exit codes.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
	exitDead   = 3
)

// cli is the whole grammar.
type cli struct {
	Config string `placeholder:"FILE" help:"Read settings from this YAML file. Default: ./dateline.yaml, else $$XDG_CONFIG_HOME/dateline/config.yaml, where there is one."`
	logSettings

	Extract   extractCmd   `cmd:"" help:"Print what is in articles: annotated text, JSON, a page or a table."`
	Run       runCmd       `cmd:"" help:"Read articles into an index on this machine, and sum up what is in them."`
	Search    searchCmd    `cmd:"" help:"Find articles and quotes by words, people, organisations, places, speakers and dates."`
	Serve     serveCmd     `cmd:"" help:"Serve pages and an API to search, read and export."`
	Ingest    ingestCmd    `cmd:"" help:"Send articles to Kafka, as raw articles for the workers."`
	Feeds     feedsCmd     `cmd:"" help:"Keep the list of feeds: show, add, remove, check."`
	Work      workCmd      `cmd:"" help:"Extract from Kafka's raw articles into Elasticsearch, until stopped."`
	Setup     setupCmd     `cmd:"" help:"Make Kafka's topics, Elasticsearch's templates and Kibana's dashboards, where they are missing."`
	Eval      evalCmd      `cmd:"" help:"Score engines against annotated articles."`
	Status    statusCmd    `cmd:"" help:"Show what waits in Kafka, the dead letters by reason, and what the index holds."`
	Replay    replayCmd    `cmd:"" help:"Put dead letters back on their way."`
	Show      configCmd    `cmd:"" name:"config" help:"Print the settings in force, and where each comes from."`
	Reprocess reprocessCmd `cmd:"" help:"Extract again what an older version has extracted, from the index itself."`
	Health    healthCmd    `cmd:"" help:"Ask a Dateline that runs whether it is well."`
	Version   versionCmd   `cmd:"" help:"Print the versions of program, extraction and Go."`

	sources *sources
}

const description = `Dateline reads news articles and says who is in them, what was said, by whom, and when.

Every flag has two twins: --kafka-user is also DATELINE_KAFKA_USER in the environment, and kafka-user in the configuration file. A flag beats the environment, which beats the file.

Try:

    dateline run                                 the articles that come with it
    dateline search --speaker "Ada Bell"
    dateline extract story.txt                   in colour, on a terminal
    dateline extract news/ --format jsonl > out.jsonl

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 done, but with dead letters.`

// Command is a parsed command line.
type Command struct {
	action   action
	cli      *cli
	sources  *sources
	model    *kong.Application
	selected *kong.Node
	given    map[string]bool // flags that are on the command line
	help     string          // printed instead, where asked for
	code     int             // with help
}

// action is a subcommand.
type action interface {
	run(ctx context.Context, p *process) error
}

// process is what a subcommand has of the world.
type process struct {
	*Command
	in       io.Reader
	out, err io.Writer
}

// Errors that decide the exit code.
var errDead = errors.New("done, but with dead letters")

// usageError is a mistake on the command line or in the settings.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// usagef makes a usageError.
func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// exited is how kong's wish to exit leaves its parser.
type exited int

// Parse reads the command line and the environment ("NAME=value"), and the configuration file that
// they or the defaults name. An error is a mistake of usage.
func Parse(args, env []string) (cmd *Command, err error) {
	var help strings.Builder
	c := &cli{sources: &sources{env: envValues(env)}}
	cmd = &Command{cli: c, sources: c.sources}
	parser, err := kong.New(c,
		kong.Name("dateline"), kong.Description(description), kong.Writers(&help, &help),
		kong.Exit(func(code int) { panic(exited(code)) }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: true, WrapUpperBound: 100}),
		kong.ExplicitGroups(groups),
	)
	if err != nil {
		return nil, fmt.Errorf("build the command line: %w", err)
	}
	cmd.model = parser.Model
	defer func() {
		if v := recover(); v != nil {
			code, ok := v.(exited)
			if !ok {
				panic(v)
			}
			cmd.help, cmd.code, err = help.String(), int(code), nil
			if len(args) == 0 {
				cmd.code = exitUsage
			}
		}
	}()
	given := args
	if len(args) == 0 {
		given = []string{"--help"}
	}
	ctx, err := parser.Parse(given)
	if err != nil {
		return nil, c.sources.explain(err)
	}
	a, ok := ctx.Selected().Target.Addr().Interface().(action)
	if !ok {
		return nil, fmt.Errorf("%s is no subcommand", ctx.Selected().Name)
	}
	cmd.action, cmd.selected, cmd.given = a, ctx.Selected(), map[string]bool{}
	for _, path := range ctx.Path {
		if path.Flag != nil && !path.Resolved {
			cmd.given[path.Flag.Name] = true
		}
	}
	return cmd, nil
}

// Run does what was asked for, and returns the exit code. Messages go to stderr.
func (c *Command) Run(ctx context.Context, stdin io.Reader, stdout, stderr io.Writer) int {
	if c.action == nil {
		w := stdout
		if c.code != 0 {
			w = stderr
		}
		if _, err := io.WriteString(w, c.help); err != nil {
			return exitFailed
		}
		return c.code
	}
	err := c.action.run(ctx, &process{Command: c, in: stdin, out: stdout, err: stderr})
	var usage usageError
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, errDead):
		return exitDead
	case errors.As(err, &usage):
		_, _ = fmt.Fprintln(stderr, "dateline:", err) // there is nowhere else to say it
		return exitUsage
	}
	_, _ = fmt.Fprintln(stderr, "dateline:", err)
	return exitFailed
}
