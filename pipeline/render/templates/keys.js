(d=>{const S='[role=graphics-symbol][aria-label]:not(g)',K={ArrowRight:1,ArrowDown:1,ArrowLeft:-1,ArrowUp:-1};
d.querySelectorAll('.drawing').forEach(c=>{const say=c.querySelector('.say');c.classList.add('live');
c.querySelectorAll('svg').forEach(v=>{const m=[...v.querySelectorAll(S)];m.forEach((e,i)=>{
const tell=()=>{say.textContent=e.getAttribute('aria-label')};
e.tabIndex=i?-1:0;e.onfocus=e.onpointerenter=tell;
e.onkeydown=k=>{const n=k.key=='Home'?m[0]:k.key=='End'?m.at(-1):m[i+K[k.key]];
if(n||K[k.key])k.preventDefault();if(n){e.tabIndex=-1;n.tabIndex=0;n.focus()}}})})});
const open=()=>{const e=d.getElementById(location.hash.slice(1));
for(let p=e;p;p=p.parentElement)if(p.tagName=='DETAILS')p.open=true;e&&e.scrollIntoView()};
addEventListener('hashchange',open);open()})(document)
