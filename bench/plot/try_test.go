package plot
import ("testing";"github.com/dvn-vk/dvn-vk/bench")
func TestTry(t *testing.T){ r,err:=bench.ReadFile("/tmp/cmp-probe/lat.json"); if err!=nil{t.Fatal(err)}; p,err:=Latency(r); if err!=nil{t.Fatal(err)}; for _,f:=range []string{"png","svg"}{ if err:=p.Save("/tmp/cmp-probe/lat."+f);err!=nil{t.Fatal(err)}}}
