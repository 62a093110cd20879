package main

import (
	"bufio"
	"context"
	"fmt"

	"github.com/datelinenews/dateline/extractor/eval"
	"github.com/datelinenews/dateline/extractor/prosev2"
	"github.com/datelinenews/dateline/extractor/prosev3"
)

type evalCmd struct {
	Gold []string `arg:"" optional:"" name:"gold" help:"Annotated articles: .jsonl, .json or .tsv (token and BIO columns), or folders of them. Default: those that are built in."`

	Baselines bool   `negatable:"" default:"true" help:"Also score the stock recognisers prose-v3 and prose-v2."`
	Errors    bool   `help:"List what the engine gets wrong instead."`
	Update    bool   `help:"Rewrite the file of committed scores from the gold that is built in."`
	Scores    string `default:"testdata/scores.txt" placeholder:"FILE" help:"The file that --update rewrites."`

	extractionSettings
}

func (evalCmd) Help() string {
	return `Prints precision, recall and F1 in percent of names by type, entities, dates and quotes, engines side by side.

Examples:

    dateline eval
    dateline eval gold/ --no-baselines --errors
    dateline eval --update`
}

func (c *evalCmd) run(ctx context.Context, p *process) error {
	if c.Update && len(c.Gold) > 0 {
		return usagef("--update scores the gold that is built in: name no other")
	}
	engines, err := c.engines(ctx)
	if err != nil {
		return err
	}
	if c.Update {
		if err := eval.Update(c.Scores, engines); err != nil {
			return err
		}
		_, _ = fmt.Fprintf(p.err, "dateline: %s rewritten\n", c.Scores) // said, not needed
		return nil
	}
	sets, err := eval.Committed()
	if len(c.Gold) > 0 {
		sets, err = eval.ReadSets(c.Gold...)
	}
	if err != nil {
		return err
	}
	out := bufio.NewWriter(p.out)
	if c.Errors {
		err = eval.WriteErrors(out, sets, engines[0])
	} else {
		err = eval.Run(out, sets, engines)
	}
	if err != nil {
		return err
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("write output: %w", err)
	}
	return nil
}

// engines are the chosen one, and the baselines.
func (c *evalCmd) engines(ctx context.Context) ([]eval.Engine, error) {
	x, err := newEngine(ctx, &c.extractionSettings)
	if err != nil {
		return nil, err
	}
	name := c.Engine
	if c.Model != "" {
		name += " " + c.Model
	}
	out := []eval.Engine{{Name: name, Extract: x.Extract}}
	if !c.Baselines || c.Errors {
		return out, nil
	}
	for _, baseline := range []string{prosev3.Name, prosev2.Name} {
		if baseline == c.Engine {
			continue
		}
		settings := c.extractionSettings
		settings.Engine, settings.MinScore, settings.Dictionary = baseline, 0, ""
		b, err := newEngine(ctx, &settings)
		if err != nil {
			return nil, err
		}
		out = append(out, eval.Engine{Name: baseline, Extract: b.Extract})
	}
	return out, nil
}
