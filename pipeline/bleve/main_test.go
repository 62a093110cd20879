package bleve

import (
	"testing"

	"github.com/datelinenews/dateline/pipeline/pipelinetest"
)

func TestMain(m *testing.M) { pipelinetest.Main(m) }
