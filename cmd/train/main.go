// Command train makes the model files of Dateline from annotated text. Maintainers run it; see
// extractor/ner/MODEL.md for the inputs, the commands and the scores of what they made.
//
//	train clusters -vectors FILE -out clusters.tsv
//	train words -clusters clusters.tsv -gazetteers DIR -out extractor/ner/models/words.bin
//	train vectors -vectors FILE -out extractor/ner/models/vectors.bin
//	train dump -model news -data DIR -out DUMP
//	train ner -model news -data DIR -out extractor/ner/models/fast.bin
//	train calibrate -file extractor/ner/models/news.conv -partner extractor/ner/models/fast.bin -data DIR
//	train pack extractor/ner/models/fast.bin
//	train check -model news -data DIR
//	train quotes -own DIR -more FILE -out extractor/quote/data/news.tsv
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(os.Stderr, "train:", err)
		}
		os.Exit(1)
	}
}

var errUsage = errors.New("usage: train clusters|words|vectors|dump|ner|calibrate|pack|check|quotes -help")

func run(args []string) error {
	if len(args) == 0 {
		return errUsage
	}
	switch args[0] {
	case "clusters":
		return clusters(args[1:])
	case "words":
		return words(args[1:])
	case "vectors":
		return vectors(args[1:])
	case "dump":
		return dump(args[1:])
	case "ner":
		return names(args[1:])
	case "calibrate":
		return calibrate(args[1:])
	case "pack":
		return pack(args[1:])
	case "quotes":
		return quotes(args[1:])
	case "check":
		return check(args[1:])
	}
	return errUsage
}
