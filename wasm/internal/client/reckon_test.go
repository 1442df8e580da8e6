package client

import (
	"strings"
	"testing"

	"tvilling/protocol"
)

// What lies outside an interval is told by arithmetic alone, and only where it is certain.
func TestWhichSideOfTheInterval(t *testing.T) {
	for _, c := range []struct {
		value, low, high string
		want             byte
	}{
		{"12,7", "0,4", "3,7", '>'}, {"12.7", "0,4", "3.7", '>'}, {"0.1", "0.4", "3.7", '<'},
		{"3.7", "0.4", "3.7", 0}, {"0.4", "0.4", "3.7", 0}, {"2", "0.4", "3.7", 0},
		{"12", "", "3", '>'}, {"1", "", "3", 0}, {"1", "3", "", '<'}, {"12", "", "", 0},
		{"<0.4", "0.4", "3.7", '<'}, {"<=0.4", "0.4", "3.7", 0}, {"≤0.3", "0.4", "3.7", '<'}, {"<5", "0.4", "3.7", 0}, {"<5", "", "3.7", 0},
		{">3.7", "0.4", "3.7", '>'}, {"≥3.7", "0.4", "3.7", 0}, {">=4", "0.4", "3.7", '>'}, {">1", "0.4", "3.7", 0}, {">0.1", "0.4", "3.7", 0},
		{"Positiv", "0.4", "3.7", 0}, {"", "0.4", "3.7", 0}, {"12", "0.4", "ca 3", 0}, {"12", "0.4", "<3", 0}, {"12", "5", "3", 0}, {"-3", "-2", "2", '<'},
	} {
		if got := sideOf(&protocol.Quantity{Value: c.value, Low: c.low, High: c.high}); got != c.want {
			t.Errorf("%s of %s to %s: %q, want %q", c.value, c.low, c.high, got, c.want)
		}
	}
}

// The laboratory's own mark is never added to nor contradicted in silence.
func TestReckonedIsNotTheLaboratorys(t *testing.T) {
	above := textOf(protocol.Swedish, txtReckonedAbove)
	value := protocol.Node{Kind: protocol.NodeQuantity, Label: "value", Quantity: protocol.Quantity{Value: "12.7", Unit: "mU/L", Low: "0.4", High: "3.7"}}
	for _, c := range []struct {
		flag, pathological string
		told               bool
	}{{"", "", true}, {"N", "", true}, {"H", "", false}, {"A", "", false}, {"L", "", true}, {"", "true", false}, {"", "false", true}} {
		n := value
		n.Quantity.Flag = c.flag
		nodes := []protocol.Node{n}
		if c.pathological != "" {
			nodes = append(nodes, protocol.Node{Kind: protocol.NodeFlag, Label: "pathologicalFlag", Text: c.pathological})
		}
		html := answered(t, nil, nodes...)
		if strings.Contains(html, above) != c.told {
			t.Errorf("%+v: %s", c, textOfPage(html))
		}
		if c.flag == "" && c.pathological != "true" && (strings.Contains(html, "mark-abnormal") || strings.Contains(html, "quantity abnormal")) {
			t.Errorf("%+v is marked as if the laboratory had: %s", c, html)
		}
	}
	p, ask := toTrend(t)
	points := []protocol.Point{valued(1, "20230101", "150", "mmol/L"), valued(2, "20230601", "146.5", "mmol/L"), valued(3, "20240101", "140", "mmol/L"), valued(4, "20240201", "120", "mmol/L")}
	points[1].Quantity.Flag = "H"
	p.get(1, protocol.Series{Request: ask.Request, Generation: 1, Points: points})
	html := trendOf(p)
	inert(t, html)
	for want, n := range map[string]int{`class="reckoned"`: 4, `class="point out"`: 2, `data-test="reckoned"`: 2, `data-test="reckoned-key"`: 1, above: 1, textOf(protocol.Swedish, txtReckonedBelow): 1} {
		if got := strings.Count(html, want); got != n {
			t.Errorf("%s stands %d times, want %d", want, got, n)
		}
	}
}
