// What in HTML can run script, by name.

/** Elements that run script, load a document, or change where a page's own script comes from. */
export const scriptElements: ReadonlySet<string> = new Set(
  (
    'script iframe frame frameset object embed applet base isindex layer ilayer bgsound portal import foreignobject ' +
    'handler listener vmlframe xml animate set animatemotion animatetransform'
  ).split(' '),
)

/** Attributes whose value is a URL that the browser follows or loads. */
export const urlAttributes: ReadonlySet<string> = new Set(
  (
    'href xlink:href src action formaction data poster background lowsrc dynsrc code codebase archive classid ' +
    'from to by values cite longdesc manifest profile usemap icon ping content folder'
  ).split(' '),
)

/** Events of HTML, SVG, media, touch, old Internet Explorer: `on` and one of these. */
export const eventNames: ReadonlySet<string> = new Set(
  (
    'abort activate afterprint afterscriptexecute afterupdate animationcancel animationend animationiteration ' +
    'animationstart appinstalled auxclick beforeactivate beforecopy beforecut beforedeactivate beforeeditfocus ' +
    'beforeinput beforeinstallprompt beforematch beforepaste beforeprint beforescriptexecute beforetoggle beforeunload ' +
    'beforeupdate begin blur bounce cancel canplay canplaythrough cellchange change click close command contentready ' +
    'contentsave contextmenu controlselect copy cuechange cut dataavailable datasetchanged datasetcomplete dblclick ' +
    'deactivate devicelight devicemotion deviceorientation drag dragdrop dragend dragenter dragexit dragleave dragover ' +
    'dragstart drop durationchange emptied end ended error errorupdate filterchange finish focus focusin focusout ' +
    'formdata formchange forminput fullscreenchange fullscreenerror gesturechange gestureend gesturestart ' +
    'gotpointercapture hashchange help input invalid keydown keypress keyup languagechange layoutcomplete load ' +
    'loadeddata loadedmetadata loadend loadstart losecapture lostpointercapture mediacomplete mediaerror message ' +
    'messageerror mousedown mouseenter mouseleave mousemove mouseout mouseover mouseup mousewheel move moveend movestart ' +
    'offline online outofsync page pagehide pageshow paste pause play playing pointercancel pointerdown pointerenter ' +
    'pointerleave pointermove pointerout pointerover pointerrawupdate pointerup popstate progress propertychange ' +
    'ratechange readystatechange redo rejectionhandled repeat reset resize resizeend resizestart resume reverse rowdelete ' +
    'rowenter rowexit rowinserted rowsdelete rowsinserted scroll scrollend search securitypolicyviolation seek seeked ' +
    'seeking select selectionchange selectstart show slotchange stalled start stop storage submit suspend syncrestored ' +
    'timeerror timeupdate toggle touchcancel touchend touchmove touchstart trackchange transitioncancel transitionend ' +
    'transitionrun transitionstart undo unhandledrejection unload urlflip volumechange waiting webkitanimationend ' +
    'webkitanimationiteration webkitanimationstart webkitmouseforcechanged webkitmouseforcedown webkitmouseforceup ' +
    'webkitmouseforcewillbegin webkitplaybacktargetavailabilitychanged webkittransitionend webkitwillrevealbottom wheel zoom'
  ).split(' '),
)

/** Elements that do nothing without an attribute that names what they load. */
export const loadingElements: ReadonlySet<string> = new Set(['object', 'embed', 'applet', 'xml'])

/** Names that injected script calls or reads, and that a sentence does not hold. */
export const scriptSinks: ReadonlySet<string> = new Set(
  (
    'alert confirm prompt eval execscript settimeout setinterval setimmediate function fetch importscripts import ' +
    'document window location self top parent frames globalthis this opener atob btoa string unescape decodeuri ' +
    'decodeuricomponent fromcharcode constructor open write writeln console print throw new xmlhttprequest onerror ' +
    'navigator localstorage sessionstorage require process getscript jquery reflect array object math postmessage name msgbox'
  ).split(' '),
)

/** Names of the global object. */
export const scriptGlobals: ReadonlySet<string> = new Set(
  'window self top parent frames this globalThis document'.split(' '),
)

/** How code is reached from an expression of a template: Angular, Vue. */
export const scriptTemplates: readonly string[] = [
  'constructor.constructor(',
  '.constructor.prototype.',
  "['constructor'](",
  '$eval(',
  '$on.constructor(',
]
