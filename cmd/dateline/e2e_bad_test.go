package main_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/datelinenews/dateline/pipeline"
)

// badMessages are seven kinds of messages that can't become articles, so many of each, with what the
// dead letter must say.
func badMessages(each int) map[pipeline.Kind][]string {
	out := map[pipeline.Kind][]string{}
	for i := range each {
		pad := strings.Repeat("x", i)
		for kind, forms := range map[pipeline.Kind][]string{
			pipeline.KindNotJSON:   {"not JSON " + pad, `{"id":"` + pad + `",,"text":"b"}`, `{"text":"b"}{"text":"` + pad + `"}`, `<html><body>` + pad + `</body></html>`},
			pipeline.KindCut:       {`{"id":"a` + pad, `{"id":"` + pad + `","text":"Trunc`, `{"text":`},
			pipeline.KindWrongType: {fmt.Sprintf(`{"text":%d}`, i), `["` + pad + `"]`, `{"title":["` + pad + `"],"text":"b"}`, `"` + pad + `"`, `{"id":{"` + pad + `":1},"text":"b"}`, `{"text":"b","text":"` + pad + `"}`},
			pipeline.KindTooDeep:   {`{"text":"b","x":` + strings.Repeat("[", 200+i) + strings.Repeat("]", 200+i) + `}`, strings.Repeat(`{"a":`, 20_000+i) + `1` + strings.Repeat(`}`, 20_000+i)},
			pipeline.KindEncoding:  {"{\"text\":\"caf\xe9 " + pad + "\"}", "\xff\xfe{\x00" + pad, "\x00\x01\x02\xff" + pad},
			pipeline.KindHTML:      {`{"html":"<script>alert(` + fmt.Sprint(i) + `)</script>"}`, `{"html":"<img src=x onerror=alert(1)>` + strings.Repeat("<div>", 500+i) + `"}`, `{"html":"<style>` + pad + `</style><svg/onload=x>"}`},
			pipeline.KindEmpty:     {`{"id":"e` + pad + `","text":""}`, `{"text":"  \n","id":"` + pad + `"}`},
			pipeline.KindRejected:  {fmt.Sprintf(`{"id":"y%d","text":"A year that no index takes.","published":"0000-01-01T00:00:00+14:00"}`, i), fmt.Sprintf(`{"id":"z%d","text":"Another.","published":"9999-12-31T23:59:59-12:00"}`, i)},
		} {
			out[kind] = append(out[kind], forms[i%len(forms)])
		}
	}
	// Fewer of the huge ones, for their size; see TestBadCorpus.
	for i := range max(10, each/4) {
		out[pipeline.KindTooLong] = append(out[pipeline.KindTooLong], fmt.Sprintf(`{"id":"huge-%d","published":"2025-01-16","text":"`, i)+strings.Repeat("word ", 430_000)+`"}`)
	}
	return out
}

// Every bad message of a corpus becomes a dead letter with the right reason and its bytes, none blocks
// the good ones; and a replay, after the limit was raised, stores those that were only too long.
func TestBadCorpus(t *testing.T) {
	if testing.Short() {
		t.Skip("300 messages, some of them huge: not with -short")
	}
	s := newStack(t)
	corpus := badMessages(37)
	want := map[string]pipeline.Kind{}
	var all []string
	n := 0
	for kind, messages := range corpus {
		for i, m := range messages {
			n++
			want[m] = kind
			all = append(all, m)
			if i%9 == 0 {
				all = append(all, strings.TrimSpace(raw(t, map[string]string{"id": fmt.Sprintf("good-%s-%d", kind, i), "text": "The minister spoke in Nairobi.", "published": "2025-01-16"})))
			}
		}
	}
	if n < 300 {
		t.Fatalf("only %d bad messages", n)
	}
	produce(t, s, all...)
	w := s.work()
	s.eventually("the good articles are stored", 4*time.Minute, s.articles(len(all)-n))
	got := dead(t, s, n)
	w.stop(t)
	counts := map[pipeline.Kind]int{}
	for _, l := range got {
		counts[l.Kind]++
		kind, ok := want[string(l.Value)]
		if !ok {
			t.Errorf("a dead letter has other bytes: %.80q", l.Value)
			continue
		}
		if l.Kind != kind || l.Reason == "" {
			t.Errorf("%.80q is %s, %s: %s; want %s", l.Value, l.Stage, l.Kind, l.Reason, kind)
		}
		stage := pipeline.StageDecode
		switch kind {
		case pipeline.KindTooLong, pipeline.KindEmpty:
			stage = pipeline.StageValidate
		case pipeline.KindRejected:
			stage = pipeline.StageStore
		}
		if l.Stage != stage {
			t.Errorf("%.80q failed at %s, want %s", l.Value, l.Stage, stage)
		}
	}
	for kind, messages := range corpus {
		if counts[kind] < 10 || len(messages) < 10 {
			t.Errorf("%d dead letters of kind %s", counts[kind], kind)
		}
	}
	var report struct {
		Dead struct {
			Total   int
			Reasons []struct {
				Kind  pipeline.Kind
				Count int
			}
		} `json:"dead_letters"`
	}
	out := s.run(0, "", "status", "--format", "json", "--window", "100ms")
	if err := json.Unmarshal([]byte(out), &report); err != nil || report.Dead.Total != n {
		t.Errorf("status says %v %s", err, out)
	}
	t.Logf("%d bad messages: %v", n, counts)

	huge := len(corpus[pipeline.KindTooLong])
	s.run(0, "", "replay", "--max-text", "4MiB")
	w = s.work("--max-text", "4MiB")
	s.eventually("what was only too long is stored", 4*time.Minute, s.articles(len(all)-n+huge))
	// What nothing but its sender can mend is a dead letter again, and lost by no replay.
	s.eventually("the others are dead letters again", time.Minute, func() bool {
		out := s.run(0, "", "status", "--format", "json", "--window", "1ms")
		if err := json.Unmarshal([]byte(out), &report); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		return report.Dead.Total == n-huge
	})
	w.stop(t)
}
