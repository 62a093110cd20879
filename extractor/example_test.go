package extractor_test

import (
	"fmt"
	"log"
	"time"

	"github.com/datelinenews/dateline/extractor"
)

// One Extractor serves all goroutines; to make one takes a moment, for it loads the models.
func Example() {
	x, err := extractor.New(extractor.Options{})
	if err != nil {
		log.Fatal(err)
	}
	article := &extractor.Article{
		Title:     "Bridge reopens in Aberdeen",
		Body:      `The mayor of Aberdeen, Ingrid Halvorsen, said on Tuesday that the bridge was safe. "We checked every bolt," Halvorsen told the Northern Harbour Union (NHU).`,
		Published: time.Date(2025, time.March, 5, 9, 0, 0, 0, time.UTC),
	}
	if err := article.Validate(extractor.MaxText); err != nil { // Extract takes what passes it
		log.Fatal(err)
	}
	found := x.Extract(article)
	for _, e := range found.Entities {
		fmt.Printf("%s %s (%s), %d mentions\n", e.Type, e.Name, e.Role, len(e.Mentions))
	}
	for _, d := range found.Dates {
		fmt.Println("date", d.Text, "=", d.Value)
	}
	for _, q := range found.Quotes {
		fmt.Println(q.Kind, "by", found.Entities[*q.Speaker.Entity].Name+":", q.Text)
	}
	// Output:
	// place Aberdeen (), 2 mentions
	// person Ingrid Halvorsen (mayor of Aberdeen), 2 mentions
	// organisation Northern Harbour Union (), 2 mentions
	// date Tuesday = 2025-03-04
	// indirect by Ingrid Halvorsen: the bridge was safe
	// direct by Ingrid Halvorsen: We checked every bolt,
}
