package eval

import (
	"strings"
	"testing"

	"github.com/datelinenews/dateline/extractor"
)

func TestWriteErrors(t *testing.T) {
	const line = `{"id":"x","text":"Ann Lee met Bob in Rome on Monday. “Yes,” said Lee.","mentions":[
		{"start":0,"end":7,"type":"person","entity":"p"},{"start":12,"end":15,"type":"person","entity":"b"},{"start":19,"end":23,"type":"place","entity":"l"},{"start":47,"end":50,"type":"person","entity":"p"}],
		"entities":[{"id":"p","type":"person","name":"Ann Lee"},{"id":"b","type":"person","name":"Bob"},{"id":"l","type":"place","name":"Rome"}],
		"dates":[{"start":27,"end":33,"value":"2024-01-01"}],"quotes":[{"start":36,"end":40,"kind":"direct","speaker":"p"}]}`
	articles, err := ReadLines(strings.NewReader(strings.ReplaceAll(line, "\n", " ")))
	if err != nil {
		t.Fatal(err)
	}
	sets := []Set{{"s", articles}}
	var b strings.Builder
	if err := WriteErrors(&b, sets, Engine{"e", func(*extractor.Article) *extractor.Analysis { return &extractor.Analysis{} }}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"s: x\n", "missed name", "[Rome]", "missed date", "[Monday]", "2024-01-01", "missed quote", "direct, Ann Lee"} {
		if !strings.Contains(b.String(), strings.TrimSpace(want)) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
	if n := strings.Count(b.String(), "\n"); n != 7 {
		t.Errorf("%d lines, want 7:\n%s", n, b.String())
	}
}
