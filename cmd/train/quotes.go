package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/datelinenews/dateline/extractor/ner"
	"github.com/datelinenews/dateline/extractor/quote/train"
)

func quotes(args []string) error {
	f := flag.NewFlagSet("quotes", flag.ContinueOnError)
	own := f.String("own", "../shared/gold/wikinews-train", "annotated articles that are learnt from, and held out in turn to check on")
	more := f.String("more", "", "further articles to learn from: gold lines, as gold.py prints them")
	check := f.String("check", "", "articles to check on")
	weight := f.Float64("weight", 5, "how much a decision in -own counts, if there are further articles")
	model := f.String("names", "", "the recogniser's model for articles without annotated names: news or open")
	recognised := f.Bool("recognised", false, "read each article of -own with the recogniser's names, too")
	hold := f.Int("hold", -1, "leave out every fifth article of -own, from this one on (0 to 4)")
	out := f.String("out", "", "file to write (default: none)")
	if err := f.Parse(args); err != nil {
		return err
	}
	finder, err := ner.Open(*model)
	if err != nil {
		return err
	}
	p := train.Plan{Finder: finder, Recognised: *recognised, Log: func(format string, args ...any) { fmt.Printf(format+"\n", args...) }}
	if *more == "" {
		*weight = 1
	}
	if p.Own, err = train.ReadCorpus(*weight, *own); err != nil {
		return err
	}
	if *hold >= 0 {
		p.Own.Leave(*hold)
	}
	if *more != "" {
		if p.More, err = train.ReadCorpus(1, *more); err != nil {
			return err
		}
	}
	if *check != "" {
		if p.Check, err = train.ReadCorpus(1, *check); err != nil {
			return err
		}
	}
	b, err := train.Run(p)
	if err != nil || *out == "" {
		return err
	}
	return os.WriteFile(*out, b, 0o644)
}
