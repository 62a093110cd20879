package pipeline_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/datelinenews/dateline/pipeline"
	"github.com/datelinenews/dateline/pipeline/pipelinetest"
)

// BenchmarkRun is what the runner costs beside extraction and storage: an op is an article of 3 kB.
func BenchmarkRun(b *testing.B) {
	values := make([][]byte, b.N)
	for i := range values {
		values[i] = raw(fmt.Sprint(i), strings.Repeat("The bridge at Port Ada is open again. ", 80))
	}
	log := pipelinetest.NewLog(values...)
	log.BatchMessages = 100
	r := &pipeline.Runner{Source: log.Source(), Sink: &pipelinetest.MemorySink{}, Dead: &pipelinetest.MemoryDead{}, Extract: nothing}
	b.SetBytes(int64(len(values[0])))
	b.ReportAllocs()
	b.ResetTimer()
	if _, err := r.Run(b.Context()); err != nil {
		b.Fatal(err)
	}
}
